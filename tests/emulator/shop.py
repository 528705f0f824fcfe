"""All the verbs of one account in one mode."""

from .promotions import Promotions


class Shop(Promotions):
    """An account that sells: what its customers do, and what Stripe makes of it."""
