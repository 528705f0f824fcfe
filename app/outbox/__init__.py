"""Facts for outbound webhooks: who listens, messages, deliveries, attempts; `record` stores a fact with its change."""
