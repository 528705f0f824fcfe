"""Sending outbound webhooks: what may be called, within which limits, and that nothing is lost."""
