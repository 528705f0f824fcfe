"""How a partner is paid: choosing it, what the next payout still lacks, and re-encrypting what payouts keep of it."""
