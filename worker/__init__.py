"""Everything that runs away from a request: jobs, the reading of Stripe events, retries, the clock."""
