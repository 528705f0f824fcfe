"""Stripe Connect: partners' connected accounts, and transfers to them."""
