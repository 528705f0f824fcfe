"""Handlers: read Stripe documents of any API version into plain facts."""
