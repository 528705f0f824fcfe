"""From any id to a structured answer: where an amount, or its absence, comes from."""
