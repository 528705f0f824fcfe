"""Every law of the ledger and of the rows beside it, checked across all tables."""
