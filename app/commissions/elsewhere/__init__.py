"""What happened in the system before this one: opening balances, cut-offs, and how long customers have paid."""
