"""What a movement of money amounts to, as a function of everything known of it. Pure."""
