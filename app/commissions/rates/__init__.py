"""How much a payment is worth: rates, products, tiers and the ladder."""
