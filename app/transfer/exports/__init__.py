"""Exports: an archive of everything that Accrual knows of a merchant, and its restoration on an empty installation."""
