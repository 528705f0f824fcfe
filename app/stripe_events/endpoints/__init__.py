"""Webhook endpoints: their rows, signing secrets and Stripe API keys, and what may be done to them."""
