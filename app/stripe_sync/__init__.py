"""What Stripe is asked for: API keys, look-ups, fetched documents, backfills and reconciliations."""
