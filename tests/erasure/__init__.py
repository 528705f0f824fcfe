"""Erasing people: what goes, what stays, and that nothing brings it back."""
