"""What REST routes and pages share: errors, bodies, limits, idempotency, lists and files, the OpenAPI document."""
