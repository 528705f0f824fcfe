"""What Stripe told us, kept exactly once: receiver, signature, inbox."""
