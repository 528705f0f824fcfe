"""Payments, events and customers that wait for something."""
