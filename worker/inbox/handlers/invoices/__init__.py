"""Invoices, their lines and their billing periods."""
