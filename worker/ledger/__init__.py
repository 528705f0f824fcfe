"""The clock's routines for the ledger: checkpoints of balances, and the closing of months."""
