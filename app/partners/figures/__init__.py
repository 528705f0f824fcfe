"""Partners' statistics and balances."""
