"""Sending mails: over SMTP, to the output of a process in development, or not at all."""
