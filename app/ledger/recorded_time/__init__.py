"""What was true at a time, by when entries were recorded: fences, balances at a time and their checkpoints."""
