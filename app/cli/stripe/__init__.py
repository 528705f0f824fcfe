"""Commands about Stripe: endpoints, events, history, and what is waited for."""
