"""Partners' links and the beacon, which take no key."""
