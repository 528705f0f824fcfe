"""What a single partner earned, explained: a commission for the partner itself, an opening balance."""
