"""Joining: invitations, open sign-up, confirmation of addresses, and the mails about them."""
