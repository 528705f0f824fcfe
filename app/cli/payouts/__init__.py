"""Commands about payouts: settings, payout methods of partners."""
