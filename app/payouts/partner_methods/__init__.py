"""Choosing how a partner is paid: which methods reach it, and what is still missing for its next payout."""
