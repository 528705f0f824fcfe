"""Customer sign-ups as evidence: the Stripe objects they recognize, and the partners they name."""
