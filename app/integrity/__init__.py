"""Verification of the rules of the ledger, statements and payouts, across all tables."""
