"""Customer sign-ups: a merchant's users and the partners that brought them, known before Stripe knows the customer."""
