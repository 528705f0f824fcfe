"""Commands about what partners are credited with: commissions, promotions, and payments and customers by hand."""
