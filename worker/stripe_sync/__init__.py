"""Asking Stripe: look-ups, backfills, reconciliations, replays."""
