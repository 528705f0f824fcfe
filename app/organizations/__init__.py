"""Who holds an account: organizations and their API keys."""
