"""Mails over REST: the log, and sending one again."""
