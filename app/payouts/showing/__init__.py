"""Payouts and runs as they are found and shown."""
