"""The ledger's laws, kept by the database itself and by the arithmetic."""
