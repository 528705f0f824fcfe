"""The surface of outbound webhooks: endpoints and deliveries."""
