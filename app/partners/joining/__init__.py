"""Joining: invitations, open sign-up, applications, confirmation of addresses."""
