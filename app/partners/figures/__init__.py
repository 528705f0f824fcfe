"""What partners have earned and what is owed to them."""
