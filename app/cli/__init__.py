"""The `accrual` command, one module per family: parse, call the domain, print."""
