"""What is done for payouts away from requests."""
