"""Pages for people who are not signed in: signing in, joining, applying, and the choice of the language."""
