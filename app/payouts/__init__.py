"""Payouts: how approved commissions are paid to partners."""
