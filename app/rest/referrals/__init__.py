"""The surfaces of referrals: what app users call, and what the merchant sets and sees."""
