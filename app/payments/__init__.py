"""One movement of money, whatever Stripe calls it: identity, links, amounts, what came back."""
