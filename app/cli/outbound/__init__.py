"""Commands about what is sent: webhooks and mails."""
