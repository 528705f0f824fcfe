"""Erasing a person: each package erases what it holds; this one finds the person, checks, and lists what is left."""
