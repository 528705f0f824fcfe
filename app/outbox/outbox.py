"""Recording facts: a message and its deliveries are written in the transaction of the change, so both or none stay."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, db, ids, jobs
from app.immutable import immutable
from app.outbox.event_types import EventType
from app.outbox.listeners import Listener, load_listeners
from app.outbox.models import OutboundDelivery, OutboundMessage

_SEQUENCES: Final = text("""
    SELECT commission_id, max(sequence) AS last FROM outbound_messages
    WHERE commission_id = ANY(:ids) GROUP BY commission_id
""")


@immutable
class Fact:
    """Something that happened, with the view of it that the API returns, as JSON values.

    Attributes:
        type: its event type.
        data: the view.
        occurred_at: when it happened.
        commission_id: the commission it is about; `sequence` is added to `data`.
        partner_id: the partner whose postback URL gets it as well.
        is_backfill: whether a backfill made it.
    """

    type: EventType
    data: Mapping[str, Any]
    occurred_at: datetime
    commission_id: UUID | None = None
    partner_id: UUID | None = None
    is_backfill: bool = False


def record(
    session: Session,
    *,
    organization_id: UUID,
    livemode: bool | None,
    types: Collection[EventType],
    facts: Callable[[frozenset[str]], Iterable[Fact]],
    partner_ids: Collection[UUID] = (),
) -> None:
    """Store the facts of a change for the endpoints that listen. If none does, this is one indexed query.

    Example:
        outbox.record(session, organization_id=owner_id, livemode=None, types=["partner.updated"],
                      facts=lambda asked_for: [Fact("partner.updated", jsonable(shown), now)])

    Args:
        session: the transaction of the change. For facts about commissions it holds the locks of their payments.
        organization_id: the merchant whose endpoints listen.
        livemode: the mode of the money; None: the fact is about a partner, and endpoints of both modes get it.
        types: the event types that the change can make.
        facts: makes the facts; it is called with those of `types` that any endpoint asks for, and not without any.
        partner_ids: the partners whose postback URLs are looked for.

    Effects: inserts messages, and deliveries that are due at once; wakes the sender after the commit.
    """
    with db.across_modes(session) if livemode is None else nullcontext():
        listeners = load_listeners(session, organization_id, livemode=livemode, partner_ids=partner_ids)
        asked_for = frozenset(each for each in types if any(listener.wants(each) for listener in listeners))
    if not asked_for:
        return
    addressed = [(fact, to) for fact in facts(asked_for) if (to := [each for each in listeners if _gets(each, fact)])]
    numbered = _with_sequences(session, [fact for fact, _ in addressed])
    messages = [_message(fact, sequence, organization_id, livemode) for fact, sequence in numbered]
    deliveries = [
        _delivery(message, listener) for message, (_, to) in zip(messages, addressed, strict=True) for listener in to
    ]
    with db.across_modes(session) if livemode is None else nullcontext():
        bulk.insert(session, OutboundMessage, messages)
        bulk.insert(session, OutboundDelivery, deliveries)
    if deliveries:
        jobs.wake_after_commit(session, jobs.OUTBOUND)


def _gets(listener: Listener, fact: Fact) -> bool:
    return (
        listener.wants(fact.type)
        and listener.partner_id in (None, fact.partner_id)
        and (listener.include_backfill or not fact.is_backfill)
    )


def _with_sequences(session: Session, facts: Sequence[Fact]) -> list[tuple[Fact, int | None]]:
    commission_ids = {fact.commission_id for fact in facts if fact.commission_id is not None}
    if not commission_ids:
        return [(fact, None) for fact in facts]
    rows = session.execute(_SEQUENCES, {"ids": list(commission_ids)})
    last: dict[UUID, int] = {row.commission_id: row.last for row in rows}
    numbered: list[tuple[Fact, int | None]] = []
    for fact in facts:
        if fact.commission_id is None:
            numbered.append((fact, None))
        else:
            last[fact.commission_id] = last.get(fact.commission_id, 0) + 1
            numbered.append((fact, last[fact.commission_id]))
    return numbered


def _message(fact: Fact, sequence: int | None, organization_id: UUID, livemode: bool | None) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "organization_id": organization_id,
        "livemode": livemode,
        "type": fact.type,
        "data": dict(fact.data) if sequence is None else {**fact.data, "sequence": sequence},
        "commission_id": fact.commission_id,
        "sequence": sequence,
        "is_backfill": fact.is_backfill,
        "occurred_at": fact.occurred_at,
    }


def _delivery(message: Mapping[str, Any], listener: Listener) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "message_id": message["id"],
        "endpoint_id": listener.endpoint_id,
        "organization_id": message["organization_id"],
        "livemode": listener.livemode,
        "type": message["type"],
    }
