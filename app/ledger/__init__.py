"""Append-only double entry: the only truth about money."""
