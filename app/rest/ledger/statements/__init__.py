"""Statements over REST, for owners and partners."""
