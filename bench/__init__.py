"""Benchmarks: Accrual's speed as a ratio to a minimal implementation, measured in the same run on the same machine."""
