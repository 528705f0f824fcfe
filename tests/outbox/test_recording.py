"""A fact is stored with its change, for the endpoints that ask for it and for no other."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db, ids
from app.outbox import outbox
from app.outbox.bodies import body_of
from app.outbox.event_types import EventType
from app.outbox.models import OutboundMessage
from app.outbox.outbox import Fact
from tests.cast import Merchant, open_merchant

from .listening import listen, recorded, types_for

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def _record(session: Session, merchant: Merchant, *facts: Fact, livemode: bool | None = False) -> None:
    outbox.record(
        session,
        organization_id=merchant.organization_id,
        livemode=livemode,
        types={fact.type for fact in facts},
        facts=lambda _asked_for: facts,
        partner_ids={fact.partner_id for fact in facts if fact.partner_id},
    )


def _fact(kind: EventType = "commission.accrued", **values: object) -> Fact:
    return Fact(kind, {"id": "com_1"}, NOW, **values)  # type: ignore[arg-type]


def test_a_fact_reaches_the_endpoints_of_its_organization_and_mode_that_ask_for_it(merchant: Merchant) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
    all_events = listen(merchant.organization_id)
    by_name = listen(merchant.organization_id, "commission.accrued", "commission.paid")
    others = [
        listen(merchant.organization_id, "commission.paid"),
        listen(merchant.organization_id, livemode=True),
        listen(merchant.organization_id, disabled_at=NOW, disabled_reason="by_request"),
        listen(merchant.organization_id, deleted_at=NOW),
        listen(other.organization_id),
    ]
    with db.transaction() as session:
        _record(session, merchant, _fact())
    with db.transaction() as session:
        [message] = recorded(session, all_events)
        assert recorded(session, by_name) == [message]
    assert [types_for(endpoint_id) for endpoint_id in others] == [[]] * 5


def test_without_a_listener_no_view_is_made_and_no_row_written(merchant: Merchant) -> None:
    listen(merchant.organization_id, "partner.updated")

    def facts(_asked_for: frozenset[str]) -> Iterable[Fact]:
        pytest.fail("there is no listener")

    with db.transaction() as session:
        owner = merchant.organization_id
        outbox.record(session, organization_id=owner, livemode=False, types=["commission.paid"], facts=facts)
        assert session.scalar(select(func.count()).select_from(OutboundMessage)) == 0


def test_a_fact_that_was_rolled_back_sends_nothing(merchant: Merchant) -> None:
    endpoint = listen(merchant.organization_id)
    with db.transaction() as session:
        _record(session, merchant, _fact())
        session.rollback()
    assert types_for(endpoint) == []


def test_messages_about_a_commission_count_up_across_transactions(merchant: Merchant) -> None:
    endpoint = listen(merchant.organization_id)
    first, second = ids.new(), ids.new()
    for batch in ([first, second, first], [first]):
        with db.transaction() as session:
            _record(session, merchant, *[_fact(commission_id=commission_id) for commission_id in batch])
    with db.transaction() as session:
        numbers: dict[UUID | None, list[int]] = {}
        for message in recorded(session, endpoint):
            numbers.setdefault(message.commission_id, []).append(message.data["sequence"])
    assert numbers == {first: [1, 2, 3], second: [1]}


def test_facts_of_a_backfill_reach_only_endpoints_that_ask_for_them(merchant: Merchant) -> None:
    plain, curious = listen(merchant.organization_id), listen(merchant.organization_id, include_backfill=True)
    with db.transaction() as session:
        _record(session, merchant, _fact(is_backfill=True), _fact("commission.paid"))
    assert types_for(plain) == ["commission.paid"]
    assert types_for(curious) == ["commission.accrued", "commission.paid"]


def test_a_postback_gets_the_facts_of_its_own_partner_only(merchant: Merchant) -> None:
    ada, ben = (listen(merchant.organization_id, partner_id=merchant.partners[code]) for code in ("ada", "ben"))
    with db.transaction() as session:
        _record(session, merchant, _fact(partner_id=merchant.partners["ada"]), _fact("payment.unattributed"))
    assert (types_for(ada), types_for(ben)) == (["commission.accrued"], [])


@pytest.mark.parametrize("livemode", [True, False])
def test_a_fact_about_a_partner_reaches_both_modes_whichever_key_made_it(merchant: Merchant, livemode: bool) -> None:
    endpoints = [listen(merchant.organization_id, livemode=mode) for mode in (True, False)]
    with db.web_transaction() as session:
        db.narrow_to_organizations(session, [merchant.organization_id], livemode=livemode)
        _record(session, merchant, _fact("partner.updated"), livemode=None)
        assert session.scalar(select(func.current_user())) == db.REQUEST_ROLE
    assert [types_for(endpoint) for endpoint in endpoints] == [["partner.updated"]] * 2


def test_the_body_is_the_same_bytes_at_every_attempt(merchant: Merchant) -> None:
    endpoint = listen(merchant.organization_id)
    with db.transaction() as session:
        _record(session, merchant, Fact("commission.accrued", {"id": "com_1", "amount": "9.80"}, NOW))
    bodies = set()
    for _ in range(2):
        with db.transaction() as session:
            [message] = recorded(session, endpoint)
            bodies.add(body_of(message))
    [body] = bodies
    assert orjson.loads(body) == {
        "id": ids.encode("msg", message.id),
        "type": "commission.accrued",
        "timestamp": "2026-11-28T12:00:00.000Z",
        "livemode": False,
        "backfill": False,
        "data": {"id": "com_1", "amount": "9.80"},
    }
