"""What becomes of a payout: confirmed, failed, canceled, returned; and write-offs."""
