"""Partners' links, the beacon and what a browser remembers, which take no API key; customer sign-ups."""
