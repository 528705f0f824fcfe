"""Settling records what happened to payments, conversions and commissions, with the views that the API returns."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.models import Commission
from app.outbox.models import OutboundMessage
from app.stripe_events import inbox, listed
from app.stripe_events.scope import Scope
from tests import plans
from tests.api.conftest import Caller, caller_of, owner
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.due import make_all_due
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker.stripe_sync import dry_run

from .listening import listen, recorded, types_for

__all__ = ["caller_of", "owner"]


def _messages(endpoint_id: UUID) -> Sequence[OutboundMessage]:
    with db.transaction() as session:
        return recorded(session, endpoint_id)


def _view(message: OutboundMessage) -> dict[str, Any]:
    return {name: value for name, value in message.data.items() if name != "sequence"}


def test_a_sale_and_its_refunds_are_recorded_as_the_api_shows_them(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    endpoint = listen(merchant.organization_id)
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    created, accrued = _messages(endpoint)
    assert (created.type, accrued.type) == ("conversion.created", "commission.accrued")
    [shown] = owner.get("/api/v1/commissions").json["commissions"]
    assert _view(accrued) == shown
    [conversion] = owner.get("/api/v1/conversions").json["data"]
    assert _view(created) == conversion

    deliver(cleo.is_refunded(first, 1900).events)
    drain()
    deliver(cleo.is_refunded(first, 3000).events)
    drain()
    adjusted, *rest = _messages(endpoint)[2:]
    assert (adjusted.type, adjusted.data["reversedAmount"]) == ("commission.adjusted", "3.80")
    assert {message.type for message in rest} == {"commission.reversed", "conversion.rejected"}
    of_commission = [message for message in _messages(endpoint) if message.commission_id]
    assert [message.data["sequence"] for message in of_commission] == [1, 2, 3]
    assert of_commission[-1].data["status"] == "reversed"


def test_an_approval_is_recorded_by_the_clock_and_by_a_person(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    endpoint = listen(merchant.organization_id, "commission.approved", "conversion.approved", "conversion.rejected")
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    deliver(Customer(CLOVER, Marks(subscription="ben")).subscribes().events)
    drain()
    program = ids.encode(ids.PROGRAM, merchant.program_id)
    conversion = owner.get("/api/v1/conversions").json["data"][0]["id"]
    path = f"/v1/admin/affiliate/programs/{program}/conversions/{conversion}"
    owner.post(f"{path}/approve", {})
    assert types_for(endpoint) == ["conversion.approved", "commission.approved"]
    owner.post(f"{path}/reject", {"reason": "a fraud"})
    assert types_for(endpoint)[2:] == ["conversion.rejected"]
    with db.transaction() as session:
        mature_at = max(session.scalars(select(Commission.mature_at)).all())
    clock(mature_at + timedelta(minutes=1))
    assert types_for(endpoint)[3:] == ["conversion.approved", "commission.approved"]


def test_an_event_delivered_again_records_nothing(merchant: Merchant, deliver: Deliver, drain: Drain) -> None:
    endpoint = listen(merchant.organization_id)
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    deliver(sale.events)
    drain()
    before = types_for(endpoint)
    with db.transaction() as session:
        make_all_due(session)
    assert drain() > 0
    assert types_for(endpoint) == before


def test_unattributed_money_is_recorded_once(merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain) -> None:
    endpoint = listen(merchant.organization_id, "payment.unattributed")
    deliver(Customer(CLOVER, Marks()).subscribes().events)
    drain()
    [message] = _messages(endpoint)
    [shown] = owner.get("/api/v1/payments", attributed="false").json["data"]
    assert _view(message) == shown


@pytest.mark.parametrize("livemode", [True, False])
def test_facts_of_money_reach_endpoints_of_its_mode(
    merchant: Merchant, deliver: Deliver, drain: Drain, livemode: bool
) -> None:
    endpoint = listen(merchant.organization_id, "commission.accrued", livemode=livemode)

    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    assert types_for(endpoint) == ([] if livemode else ["commission.accrued"])


@pytest.mark.parametrize("include_backfill", [True, False])
def test_what_a_backfill_finds_goes_only_where_it_is_asked_for(
    merchant: Merchant, deliver: Deliver, drain: Drain, include_backfill: bool
) -> None:
    """Its refund, delivered later, goes to every endpoint."""
    endpoint = listen(merchant.organization_id, include_backfill=include_backfill)
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    with db.transaction() as session:
        listed.insert_listed(
            session, Scope(merchant.organization_id, "", livemode=False), first.events, is_backfill=True
        )
    drain()
    found = ["conversion.created", "commission.accrued"] if include_backfill else []
    assert types_for(endpoint) == found
    assert all(message.is_backfill for message in _messages(endpoint))
    deliver(cleo.is_refunded(first, 1900).events)
    drain()
    assert types_for(endpoint)[len(found) :] == ["commission.adjusted"]
    assert _messages(endpoint)[-1].is_backfill is False


def test_an_event_delivered_besides_being_backfilled_is_no_backfill(
    merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    endpoint = listen(merchant.organization_id, "commission.accrued")
    events = Customer(CLOVER, Marks(subscription="ada")).subscribes().events
    scope = Scope(merchant.organization_id, "", livemode=False)
    with db.transaction() as session:
        listed.insert_listed(session, scope, [one for one in events if one["type"] != "invoice.paid"], is_backfill=True)
    deliver(events)
    drain()
    assert types_for(endpoint) == ["commission.accrued"]


def test_a_dry_run_sends_nothing(merchant: Merchant, deliver: Deliver, drain: Drain) -> None:
    endpoint = listen(merchant.organization_id, include_backfill=True)
    scope, events = (
        Scope(merchant.organization_id, "", livemode=False),
        Customer(CLOVER, Marks(subscription="ada")).subscribes().events,
    )

    def insert(session: Session, to: Scope) -> list[int]:
        return listed.insert_listed(session, to, events, is_backfill=True)

    result = dry_run.process(scope, [insert])
    assert result.outcomes["accrued"] > 0
    assert types_for(endpoint) == []


def test_a_batch_that_fails_sends_nothing_until_it_is_processed(
    merchant: Merchant, deliver: Deliver, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = listen(merchant.organization_id)
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "finish", _fail)
        drain()
    assert types_for(endpoint) == []
    with db.transaction() as session:
        session.execute(text("UPDATE due_events SET next_attempt_at = now()"))
    drain()
    assert types_for(endpoint) == ["conversion.created", "commission.accrued"]


def _fail(*_: object) -> None:
    raise ValueError("the end of the transaction fails")


def test_a_renewal_without_listeners_costs_one_query_and_writes_nothing_more(
    merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    for _ in range(20):
        deliver(cleo.renews(first).only("invoice.paid").events)
    with plans.recorded() as recorder:
        drain()
    about = {statement: len(times) for statement, times in recorder.executions.items() if "outbound_" in statement}
    assert list(about.values()) == [1]
    assert "INSERT" not in next(iter(about))


def test_money_that_is_credited_to_another_partner_reverses_one_commission_and_accrues_the_other(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    endpoint = listen(merchant.organization_id)
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    before = len(_messages(endpoint))
    [payment] = owner.get("/api/v1/payments").json["data"]
    body = {"partner_id": ids.encode(ids.PARTNER, merchant.partners["ben"]), "reason": "hers"}
    assert owner.post(f"/api/v1/payments/{payment['id']}/attribution", body).status_code == 200
    moved = _messages(endpoint)[before:]
    assert sorted((message.type, message.data["partnerCode"]) for message in moved) == [
        ("commission.accrued", "ben"),
        ("commission.reversed", "ada"),
    ]
