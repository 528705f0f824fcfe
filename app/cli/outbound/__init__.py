"""Commands about what is sent to merchants."""
