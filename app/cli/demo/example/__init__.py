"""The lively example: a shop with two programs, half a year of its sales, and what its owner did with them."""
