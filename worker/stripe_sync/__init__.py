"""Requests to Stripe's API: look-ups, backfills, reconciliations; and replays."""
