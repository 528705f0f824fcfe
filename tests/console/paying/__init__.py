"""Paying partners in the console."""
