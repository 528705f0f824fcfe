"""Received Stripe events: signatures, webhook endpoints, the inbox."""
