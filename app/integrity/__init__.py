"""Verification of the ledger's rules across all tables."""
