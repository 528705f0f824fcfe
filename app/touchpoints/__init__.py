"""Partners' links, and touchpoints: arrivals through them, in monthly partitions, deleted after the retention."""
