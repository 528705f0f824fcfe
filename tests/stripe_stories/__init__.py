"""Stripe as a webhook endpoint sees it: a customer's actions as the events that Stripe would send."""
