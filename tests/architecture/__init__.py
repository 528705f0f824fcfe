"""The house's own rules: who may import whom, how long a page may be, what stands where."""
