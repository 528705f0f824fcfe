"""Background processes: processing the inbox, requests to Stripe, sending mails, the clock."""
