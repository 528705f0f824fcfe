"""One story a file: what a customer does, what Stripe says about it, what the books say in the end."""
