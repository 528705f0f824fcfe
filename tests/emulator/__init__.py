"""A small Stripe on loopback, driven by readable stories. Nothing of it is configured; ids and times repeat.

    with Emulator(ACACIA) as shop:                    # the account's API version; clover unless said
        shop.endpoint("http://127.0.0.1:8000/webhooks/stripe/sep_…", secrets=["whsec_…"], family=ENDIVE)
        cleo = shop.customer("cleo")
        subscription = shop.subscribe(cleo, price=4900, marker="ada")
        renewal = shop.renew(subscription)            # the clock moves on to when it is due
        shop.refund(renewal, 1000)
        shop.lose(shop.dispute(subscription.first))
        shop.advance(days=30)
        shop.deliver()                                # posts whatever waits, signed
        shop.client().v1.events.list({"limit": 100})  # the official library

Stories (`sales`, `returns`, `promotions`; `busy.traffic(shop, seed=1)` makes an hour of them in one call): verbs take
and give `Purchase`s of `tests.stripe_stories`; `shop.happened` is what `tests.properties.oracle.expected_books` wants.
`shop.live` is the same account's live mode, `shop.connected("acct_1")` a connected account; both have all verbs.

Connect: accounts, onboarding links, transfers, reversals and the balance are served; `shop.open_link(url)`,
`shop.onboard(account)`, `shop.restrict(account, "individual.id_number")`, `shop.reverse_transfer(tr, 500)`,
`shop.pay_out(account, 931)` and `shop.fail_payout(account, po)` are what happens to them, with their events.

Documents are rendered by `tests.stripe_stories` when they are asked for: objects in the version of the request
(`Stripe-Version`, else the account's), events in the version the account had when they happened (`shop.upgrade`),
deliveries in the endpoint's. Lists go back thirty days for events, and for ever else.

Delivery: `deliver(seed=1)` shuffles; `with endpoint.down():` nothing is taken; `endpoint.waiting` is undelivered,
`endpoint.give_up()` loses it for good, `endpoint.send(event)` sends one again. A receiver is an address or any function
of body and headers that gives a status, such as a Flask test client's post.

Faults: `shop.faults.rate_limit(3)`, `.rate_limit(every=10)`, `.fail(503, route="/v1/events")`, `.slow(2)`, `.hang()`,
`.drop(1, after_effect=True)`, `.hang(1, after_effect=True)`, `.repeat(1)`, `.clear()`.
`shop.calls()["GET /v1/invoices/{id}"]` and `shop.asked` say what was asked.
Keys: `shop.key`, `shop.live_key`, `shop.restricted_key("charge_read")`, `shop.revoke(key)`.
"""
