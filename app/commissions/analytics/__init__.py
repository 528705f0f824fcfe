"""Figures: of a program, of a partner's links, and of an organization at a glance."""
