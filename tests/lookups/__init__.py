"""What Stripe is asked for, and what becomes of its answers."""
