"""What REST routes and pages share: errors, bodies, limits, idempotency, CSV, statements, the OpenAPI document."""
