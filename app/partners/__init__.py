"""Programs, their versioned terms, the partners enrolled in them, their codes and snapshots."""
