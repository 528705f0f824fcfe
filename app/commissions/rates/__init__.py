"""How much a payment is worth: amounts, rates by product, tiers, the ladder of uplines."""
