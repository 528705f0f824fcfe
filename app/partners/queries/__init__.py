"""Finding partners by id, code or address; the directory used by attribution; similar codes."""
