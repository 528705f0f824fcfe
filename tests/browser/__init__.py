"""The checkout snippet in a real browser."""
