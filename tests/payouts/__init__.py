"""Payouts: what is payable is reserved, leaves, arrives or comes back, and stays in balance at every step."""
