"""The `accrual` command, a package for each family of commands: parse, call the domain, print."""
