"""Partners and their terms over REST."""
