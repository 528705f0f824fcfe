"""People who sign in: memberships and roles, sign-in links, sessions, languages, mails to managers. No Flask."""
