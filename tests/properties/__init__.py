"""What must hold for every history, checked against an oracle that shares no code with Accrual."""
