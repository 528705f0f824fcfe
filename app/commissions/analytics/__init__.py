"""A program's figures."""
