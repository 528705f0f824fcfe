"""One movement of money and the Stripe objects that describe it: amounts, what came back, what is waited for."""
