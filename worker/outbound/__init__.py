"""Sends outbound webhooks and postbacks."""
