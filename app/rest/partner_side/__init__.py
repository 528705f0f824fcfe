"""A partner's own side over REST, and signing up."""
