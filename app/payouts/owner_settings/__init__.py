"""An owner's payout settings: the account that bank transfers are paid from, and the currency that Wise takes."""
