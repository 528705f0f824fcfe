"""Forms of the settings: Stripe endpoints, keys, webhooks, the snippet, the doctor, exports and imports."""
