"""What is sent, over REST: outbound webhooks with their endpoints and deliveries, and mails."""
