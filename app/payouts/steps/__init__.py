"""What becomes of a payout: confirmed, failed, canceled, returned; write-offs and bans."""
