"""How partners come: invitations, sign-up, confirmed addresses and the mails about them."""
