"""Commands: a partner sets and removes the postback URL of its enrollment, with audit entries of the owner."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.config import Settings
from app.errors import AddressRefused, InvalidRequest, NotFound
from app.organizations import actors, audit
from app.outbound import postbacks, views
from app.outbox import endpoints
from app.outbox.event_types import PARTNER_EVENTS, EventType
from app.outbox.models import OutboundEndpoint
from app.partners.models import Partner
from app.sentences import problems

DEFAULT_EVENTS: Final[tuple[EventType, ...]] = tuple(name for name in PARTNER_EVENTS if name.startswith("commission."))


def set_postback(
    session: Session,
    actor: actors.Actor,
    partner: Partner,
    settings: Settings,
    *,
    livemode: bool,
    url: str,
    events: Sequence[str] = (),
) -> views.PostbackBody:
    """Set the URL that is called for the partner's commissions in this mode; it replaces the former one.

    Args:
        session: of `partner_side.writing.own_transaction`.
        actor: who sets it.
        partner: whose commissions.
        settings: for whether private addresses are allowed.
        livemode: for live or for test money.
        url: a public https address; placeholders of `postbacks.PLACEHOLDERS` may stand in its query.
        events: of `PARTNER_EVENTS`; none: every event of commissions.

    Raises:
        InvalidRequest: `url` or `events`.
    """
    try:
        postbacks.check(url, allow_private=settings.outbound_allow_private)
    except AddressRefused as refused:
        raise InvalidRequest(problems.clause(refused.problem), param="url") from None
    chosen: list[str] = [name for name in PARTNER_EVENTS if name in (events or DEFAULT_EVENTS)]
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"postback {partner.id}"))))
    endpoint = endpoints.find_postback(session, partner.id, livemode=livemode, to_change=True)
    if endpoint is None:
        owner_id = partner.organization_id
        endpoint = endpoints.insert_endpoint(
            session, owner_id, livemode=livemode, partner_id=partner.id, url=url, events=chosen
        )
    else:
        endpoint.url, endpoint.events = url, chosen
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
        session.flush()
    return _audited(session, actor, "postback.set", partner, endpoint)


def remove_postback(session: Session, actor: actors.Actor, partner: Partner, *, livemode: bool) -> views.PostbackBody:
    """Remove the partner's postback URL; what waits for it is given up. Raises NotFound `postback_not_found`."""
    endpoint = _find(session, partner, livemode=livemode, to_change=True)
    endpoints.delete(session, endpoint)
    return _audited(session, actor, "postback.removed", partner, endpoint)


def load_postback(session: Session, partner: Partner, *, livemode: bool) -> views.PostbackBody:
    """The partner's postback URL. Raises NotFound `postback_not_found`."""
    endpoint = _find(session, partner, livemode=livemode)
    return views.postback_body(endpoint, ids.encode(ids.PROGRAM, partner.program_id))


def _find(session: Session, partner: Partner, *, livemode: bool, to_change: bool = False) -> OutboundEndpoint:
    endpoint = endpoints.find_postback(session, partner.id, livemode=livemode, to_change=to_change)
    if endpoint is None:
        mode = "live" if livemode else "test"
        raise NotFound(f"you have set no postback URL for {mode} money in this program", code="postback_not_found")
    return endpoint


def _audited(
    session: Session, actor: actors.Actor, action: str, partner: Partner, endpoint: OutboundEndpoint
) -> views.PostbackBody:
    subject_id = ids.encode(ids.PARTNER, partner.id)
    details, owner_id = {"events": endpoint.events}, partner.organization_id
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner_id, livemode=endpoint.livemode)
    return views.postback_body(endpoint, ids.encode(ids.PROGRAM, partner.program_id))
