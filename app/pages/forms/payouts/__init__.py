"""Paying partners: preview a run and start it, its files and results, and what became of each payout."""
