"""Forms about partners: invitations, status, profile, terms, promotion codes."""
