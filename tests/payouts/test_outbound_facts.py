"""Payouts are facts for outbound webhooks, and so is what they mean for commissions."""

from uuid import UUID

import pytest

from app import db
from app.outbox.models import OutboundMessage
from tests.outbox.listening import listen, recorded

from .till import Till, payout_of


@pytest.fixture
def endpoint(till: Till) -> UUID:
    return listen(till.merchant.organization_id)


def facts(endpoint: UUID, prefix: str = "") -> list[OutboundMessage]:
    with db.transaction() as session:
        return [message for message in recorded(session, endpoint) if message.type.startswith(prefix)]


def test_a_paid_payout_and_its_return_are_recorded_with_their_commissions(till: Till, endpoint: UUID) -> None:
    till.owes("ada", 4900, 2000)
    payout = payout_of(till.runs(), till, "ada")
    paid = till.did(payout["id"], "confirm", reference="PP-1")
    shown = {name: value for name, value in paid.items() if name not in ("lines", "returns", "problem")}
    assert facts(endpoint, "payout.")[-1].data == shown
    messages = facts(endpoint, "commission.paid")
    assert {message.data["status"] for message in messages} == {"paid"}
    assert len({message.commission_id for message in messages}) == 2
    before = len(facts(endpoint))
    till.did(payout["id"], "return", amount_cents=payout["net_cents"], reason="wrong account")
    assert sorted(message.type for message in facts(endpoint)[before:]) == [
        *("commission.adjusted", "commission.adjusted", "payout.returned"),
    ]
    assert facts(endpoint, "commission.adjusted")[-1].data["status"] == "approved"


def test_a_payout_that_fails_says_nothing_about_its_commissions(till: Till, endpoint: UUID) -> None:
    till.owes("ada", 4900)
    payout = payout_of(till.runs(), till, "ada")
    before = len(facts(endpoint))
    till.did(payout["id"], "fail", reason="the bank refused it")
    assert [message.type for message in facts(endpoint)[before:]] == ["payout.failed"]


def test_what_is_written_off_is_reversed(till: Till, endpoint: UUID) -> None:
    till.owes("ada", 4900)
    before = len(facts(endpoint))
    assert till.writes_off("ada", 980).status_code == 200
    [message] = facts(endpoint)[before:]
    assert (message.type, message.data["status"]) == ("commission.reversed", "reversed")
