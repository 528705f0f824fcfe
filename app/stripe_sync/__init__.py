"""Requests to Stripe: API keys, look-ups, fetched documents, backfills, reconciliations and replays."""
