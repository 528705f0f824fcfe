"""Payments and the Stripe objects that describe them: amounts, returns, waiting."""
