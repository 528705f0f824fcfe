"""Runs, payouts, their files and what is known about methods."""
