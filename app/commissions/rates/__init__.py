"""How much a payment is worth: amounts by type of commission, rates by product, tiers, the ladder of uplines."""
