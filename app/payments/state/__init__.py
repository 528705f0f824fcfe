"""The state of payments, as a function of all known facts. Pure."""
