"""Outbound webhooks: which URLs and addresses may be called, and which endpoints have failed too long."""
