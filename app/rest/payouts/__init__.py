"""Payouts over REST: runs, payouts, write-offs; payout methods of partners, and the settings of owners."""
