"""Programs: merchants' offers and their versioned terms."""
