"""Programs: merchants' offers, their versioned terms, the types of commission, what is asked of people who apply."""
