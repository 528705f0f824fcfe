"""Attributions as rows, and binding customers and subscriptions anew."""
