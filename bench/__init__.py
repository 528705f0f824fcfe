"""How fast Accrual is, in ratios to what a bare version of the same thing does in the same run on the same machine."""
