"""The formats of files: for each kind, why a line cannot be in it, and its bytes. Pure but for the schema files."""
