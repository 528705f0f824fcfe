"""What an owner does with partners."""
