"""What runs outside of requests: processing the inbox, asking Stripe, sending mails, the clock."""
