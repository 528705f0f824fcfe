"""Conversions and refunds that merchants report through the API."""
