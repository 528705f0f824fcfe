"""Makes requests to Stripe's API: look-ups, backfills and reconciliations; also replays. Rows: `app.stripe_sync`."""
