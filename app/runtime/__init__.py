"""Running Accrual: embedded servers, schema migrations, child processes, database logins."""
