"""Accrual: affiliate attribution and an append-only commission ledger for businesses that bill with Stripe.

The packages in the order of the business: merchants and affiliates (`organizations`) make `programs` and join them as
`partners`; visitors come through links (`touchpoints`); Stripe sends events (`stripe_events`) and answers requests
(`stripe_sync`), from which `payments` follow; `attribution` credits them, `commissions` computes what they earn, and
the `ledger` keeps it. `explanations` and `integrity` read all of them; `rest`, `pages` and `cli` show them.
"""
