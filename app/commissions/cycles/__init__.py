"""Billing cycles, and the limits counted in them."""
