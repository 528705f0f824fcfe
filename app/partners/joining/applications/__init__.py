"""Applications: what people answered when they applied, and which versions of the agreement partners accepted."""
