"""Referrals among a merchant's own users: client keys, codes, claims, and rewards in the merchant's own currencies."""
