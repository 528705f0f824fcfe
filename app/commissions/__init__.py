"""How much a payment is worth to whom: rates, limits, settlement, decisions, conversions reported or by hand."""
