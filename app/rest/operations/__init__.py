"""Health, readiness, metrics and the checkout snippet."""
