"""History fetched from Stripe, compared with Stripe, and worked again."""
