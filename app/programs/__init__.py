"""Merchants' offers and their versioned terms."""
