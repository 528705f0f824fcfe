"""Commissions: rates, limits, settlement, decisions, reported conversions, crediting by hand, figures."""
