"""From Stripe documents of any API version to plain facts."""
