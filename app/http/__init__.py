"""What REST routes and pages share: errors, bodies, limits, idempotency, the OpenAPI document."""
