"""Checks an installation for faults of its settings, servers, Stripe endpoints and data; and how to set up Stripe."""
