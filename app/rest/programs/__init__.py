"""Programs, their partners and their figures over REST."""
