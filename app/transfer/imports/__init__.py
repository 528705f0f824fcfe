"""Imports of partners, customers and what is owed from other affiliate systems."""
