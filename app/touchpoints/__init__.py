"""Visits through partners' links: recorded, kept by month, forgotten after retention."""
