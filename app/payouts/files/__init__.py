"""Files of payouts that a person uploads to a bank or a provider."""
