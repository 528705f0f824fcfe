"""Commands that credit partners by hand: promotions, payments and customers."""
