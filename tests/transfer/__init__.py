"""Exports and their restoration."""
