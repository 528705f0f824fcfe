"""The receiver of Stripe events, the inbox, webhook endpoints, backfills and reconciliations over REST."""
