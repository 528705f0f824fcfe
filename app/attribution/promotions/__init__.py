"""Promotion codes and coupons: the partners they belong to, and where they were used."""
