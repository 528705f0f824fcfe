"""Partners enrolled in programs: joining, codes, terms, statuses, uplines, payout methods and statistics."""
