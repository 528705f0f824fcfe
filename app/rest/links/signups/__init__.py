"""Customer sign-ups: reported by servers with an API key, claimed by pages with a browser key."""
