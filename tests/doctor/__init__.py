"""`accrual doctor` and `accrual stripe-setup`."""
