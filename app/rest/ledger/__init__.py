"""Payments, conversions, commissions and attribution over REST."""
