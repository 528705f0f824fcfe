"""A random year of a shop that pays its partners, lived in Accrual and in the oracle side by side."""
