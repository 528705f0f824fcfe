"""Commands about Stripe: endpoints, events, backfills and reconciliations, and what waits."""
