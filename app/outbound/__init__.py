"""Outbound webhooks: which URLs and addresses may be called."""
