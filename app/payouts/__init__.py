"""Payouts: how approved commissions become money on its way, and paid."""
