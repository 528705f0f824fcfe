"""How much a payment is worth to whom: rules, settlement, explanation."""
