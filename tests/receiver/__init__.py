"""The webhook receiver: which requests it stores, which it refuses, and with which errors."""
