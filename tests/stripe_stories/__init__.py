"""Stripe, as a webhook endpoint sees it: what one customer does, told in the events Stripe would send."""
