"""Conversions and refunds that merchants report, settled at once."""
