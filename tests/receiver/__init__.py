"""The webhook door: what it lets in, what it refuses, and in which words."""
