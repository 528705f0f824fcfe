"""`accrual demo`."""
