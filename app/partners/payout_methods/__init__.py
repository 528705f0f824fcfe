"""How partners are paid: the table of payout methods, destinations and their validation."""
