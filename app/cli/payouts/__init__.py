"""Commands about payouts: runs, files, settings, partners' payout methods and opening balances."""
