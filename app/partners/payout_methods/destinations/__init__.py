"""Destinations of payouts: one module for each kind of destination, which validates and masks it. Pure."""
