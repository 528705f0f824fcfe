"""Organizations, API keys and the audit trail over REST."""
