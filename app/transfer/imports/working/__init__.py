"""The job of an import: its rows become partners, customer sign-ups and opening balances."""
