"""Commands about organizations, keys, programs, partners and what they earn."""
