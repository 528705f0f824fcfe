"""The `accrual` command, a package for each group of commands: they parse, call the domain, and print."""
