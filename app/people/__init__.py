"""People who sign in: their memberships and roles in organizations, links, sessions and mails. No Flask."""
