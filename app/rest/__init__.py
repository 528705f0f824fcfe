"""The REST surfaces, a package each: request models and routes, which parse, call and render."""
