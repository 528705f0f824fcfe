"""Finding partners: by id, code or address, and all that a name means to attribution."""
