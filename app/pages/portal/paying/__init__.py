"""How a partner is paid: its payout method, its account at Stripe, and its payouts."""
