"""Verification of the ledger's laws across all tables."""
