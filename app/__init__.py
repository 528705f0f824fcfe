"""Accrual: affiliate attribution and an append-only commission ledger for businesses that bill with Stripe."""
