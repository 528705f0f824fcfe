"""Crediting by hand: payments, customers and promotions."""
