"""Partners enrolled in programs: joining, codes, terms, statuses, uplines and statistics."""
