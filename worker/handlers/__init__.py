"""Stripe event to plain facts, one module per face of a payment."""
