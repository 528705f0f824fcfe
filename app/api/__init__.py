"""What all REST routes share: errors, pages, the OpenAPI document."""
