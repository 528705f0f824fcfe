"""Forms of the console that change something: each calls the command that REST calls."""
