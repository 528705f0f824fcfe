"""What every process needs to run: embedded servers, the schema, child processes, database logins."""
