"""The partners enrolled in programs: how they join, their codes, terms, statuses, tree and figures."""
