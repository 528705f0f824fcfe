"""Promotion codes and coupons: whose they are, and where they were used."""
