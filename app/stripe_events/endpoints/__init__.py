"""Webhook endpoints: commands, rows, signing secrets, Stripe API keys, views."""
