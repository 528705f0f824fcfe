"""Touchpoints: arrivals through partners' links, stored in monthly partitions and deleted after the retention."""
