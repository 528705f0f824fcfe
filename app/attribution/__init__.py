"""Why this customer is this partner's: evidence, rules, attributions."""
