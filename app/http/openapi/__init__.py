"""The OpenAPI document: completed with examples, and served with its page."""
