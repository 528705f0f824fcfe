"""Who holds an account: organizations, API keys, permissions, request limits, the audit trail. No Flask."""
