"""All the verbs of one account in one mode."""

from .promotions import Promotions
from .recipients import Recipients


class Shop(Promotions, Recipients):
    """An account that sells: what its customers do, what Stripe makes of it, and whom it pays."""
