"""From a payment and its credit to commissions and ledger entries."""
