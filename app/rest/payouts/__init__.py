"""Payouts over REST: payout methods of partners, and the settings of owners."""
