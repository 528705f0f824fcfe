"""Processing the inbox: claims events, reads Stripe's documents, settles their payments, stores outcomes."""
