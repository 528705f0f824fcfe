"""Payments that wait for something, and what for."""
