"""Programs: merchants' offers, their versioned terms, and the types of commission."""
