"""Sample events sent again: new ids that still belong together."""

from typing import Any

from app.cli.stripe.fresh_ids import Renaming, with_mode

INVOICE: dict[str, Any] = {
    "id": "evt_1ABCdef234567890",
    "object": "event",
    "livemode": True,
    "type": "invoice.paid",
    "data": {
        "object": {
            "id": "in_1ABCdef234567890",
            "object": "invoice",
            "customer": "cus_1ABCdef234567890",
            "billing_reason": "subscription_cycle",
            "payment_settings": {"confirmation": "requires_confirmation"},
            "metadata": {"affiliate_id": "par_01h455vb4pex5vsknk084sn02q", "in": "in_1ABCdef234567890"},
            "lines": {"data": [{"id": "line-one", "invoice": "in_1ABCdef234567890", "livemode": True}]},
        }
    },
}
CHARGE = {
    "id": "evt-two",
    "object": "event",
    "data": {"object": {"id": "a charge", "object": "charge", "customer": "cus_1ABCdef234567890"}},
}
NAMES_IT = {
    "id": "evt-three",
    "object": "event",
    "data": {"object": {"id": "re_1ABCdef234567890", "charge": "a charge"}},
}


def renamed(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    renaming = Renaming()
    for document in documents:
        renaming.learn(document)
    return [renaming.rename_event(document) for document in documents]


def test_one_old_id_becomes_the_same_new_one_in_all_documents_of_a_call() -> None:
    names_it, invoice, charge = (event["data"]["object"] for event in renamed(NAMES_IT, INVOICE, CHARGE))
    assert invoice["customer"] == charge["customer"] != "cus_1ABCdef234567890"
    assert invoice["lines"]["data"][0]["invoice"] == invoice["id"]
    assert names_it["charge"] == charge["id"] != "a charge"


def test_one_anonymous_id_of_two_kinds_of_object_becomes_two() -> None:
    invoice = {"id": "evt-1", "object": "event", "data": {"object": {"id": "same", "object": "invoice"}}}
    intent = {"id": "evt-2", "object": "event", "data": {"object": {"id": "same", "object": "payment_intent"}}}
    link = {"id": "evt-3", "object": "event", "data": {"object": {"invoice": "same", "payment_intent": "same"}}}
    paid, succeeded, linked = (event["data"]["object"] for event in renamed(invoice, intent, link))
    assert paid["id"] != succeeded["id"]
    assert (linked["invoice"], linked["payment_intent"]) == (paid["id"], succeeded["id"])


def test_a_new_id_keeps_its_prefix_and_another_call_gives_another_one() -> None:
    (first,), (second,) = renamed(INVOICE), renamed(INVOICE)
    assert first["id"].startswith("evt_")
    assert first["data"]["object"]["id"].startswith("in_")
    assert first["id"] != second["id"]


def test_merchant_texts_and_other_values_keep_their_content() -> None:
    (event,) = renamed(INVOICE)
    invoice = event["data"]["object"]
    assert invoice["metadata"] == INVOICE["data"]["object"]["metadata"]
    assert invoice["billing_reason"] == "subscription_cycle"
    assert invoice["payment_settings"] == {"confirmation": "requires_confirmation"}
    assert event["type"] == "invoice.paid"


def test_the_mode_is_set_in_every_nested_object() -> None:
    event = with_mode(INVOICE, livemode=False)
    assert event["livemode"] is False
    assert event["data"]["object"]["lines"]["data"][0]["livemode"] is False
    assert INVOICE["livemode"] is True


def test_different_events_that_were_recorded_under_one_id_get_one_each() -> None:
    updated = INVOICE | {"type": "invoice.updated"}
    changed = INVOICE | {"created": 1}
    assert len({event["id"] for event in renamed(INVOICE, updated, changed)}) == 3


def test_the_same_event_again_or_in_another_api_version_keeps_its_id() -> None:
    older = INVOICE | {"api_version": "2023-10-16", "created": 1}
    assert len({event["id"] for event in renamed(INVOICE, older, INVOICE, older)}) == 1
