"""Explanations in plain sentences."""
