"""What Stripe sent, kept exactly once: signatures, webhook endpoints, the inbox."""
