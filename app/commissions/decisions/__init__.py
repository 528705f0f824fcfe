"""Approving and rejecting: by the clock, by a person, or many at once."""
