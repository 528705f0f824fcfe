"""Rows of requests to Stripe: API keys, look-ups, fetched documents, runs. `worker.stripe_sync` makes the requests."""
