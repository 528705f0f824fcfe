"""Rows of promotion codes that are to be made in Stripe: lists and claims them, and stores what became of them.

The process that asks Stripe holds a claim; a process whose claim has expired writes nothing more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import backoff, bulk, ids
from app.attribution.promotions.models import PromotionCodeRequest
from app.errors import LeaseLost
from app.immutable import immutable
from app.paging import Page, load_page
from app.sentences.problems import Problem

LEASE_SECONDS: Final = 120
"""How long a process may take for a code; after that another one may claim it."""
FIRST_WAIT_SECONDS: Final = 10
LONGEST_WAIT_SECONDS: Final = 3600


@immutable
class ClaimedRequest:
    """A promotion code that this process makes in Stripe; `attempts` includes this one."""

    id: UUID
    organization_id: UUID
    livemode: bool
    partner_id: UUID
    coupon: str
    code: str | None
    max_redemptions: int | None
    expires_at: datetime | None
    lease: int
    attempts: int


def list_requests(
    session: Session, partner_id: UUID | None, *, livemode: bool, limit: int, starting_after: str | None = None
) -> Page[PromotionCodeRequest]:
    """A page of the codes that were requested for a partner in one mode, newest first.

    With None, for every partner that the transaction sees: an affiliate's own enrollments. Raises InvalidRequest.
    """
    of_partner = select(PromotionCodeRequest).where(PromotionCodeRequest.livemode == livemode)
    if partner_id is not None:
        of_partner = of_partner.where(PromotionCodeRequest.partner_id == partner_id)
    prefix = ids.PROMOTION_REQUEST
    return load_page(session, of_partner, PromotionCodeRequest.id, prefix, limit=limit, starting_after=starting_after)


_IS_DUE = text("SELECT EXISTS (SELECT FROM promotion_code_requests WHERE due_at <= now())")

_CLAIM = text("""
    UPDATE promotion_code_requests SET lease = lease + 1, attempts = attempts + 1,
                                       due_at = now() + make_interval(secs => :lease)
    WHERE id = (SELECT id FROM promotion_code_requests WHERE due_at <= now()
                ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization_id, livemode, partner_id, coupon, code, max_redemptions, expires_at, lease, attempts
""")


def is_due(session: Session) -> bool:
    """Whether a code is to be made now."""
    return bool(session.scalar(_IS_DUE))


def claim(session: Session) -> ClaimedRequest | None:
    """Claim the code that is due longest, for `LEASE_SECONDS`; None if none is due."""
    row = session.execute(_CLAIM, {"lease": LEASE_SECONDS}).one_or_none()
    return None if row is None else ClaimedRequest(**row._asdict())


_STORE_MADE = text("""
    UPDATE promotion_code_requests SET promotion_code = :promotion_code, code = :code, problem = NULL, due_at = NULL
    WHERE id = :id AND lease = :lease
""")

_STORE_REFUSED = text("""
    UPDATE promotion_code_requests SET problem = CAST(:problem AS jsonb), failed_at = now(), due_at = NULL
    WHERE id = :id AND lease = :lease
""")

_POSTPONE = text("""
    UPDATE promotion_code_requests SET problem = CAST(:problem AS jsonb),
                                       due_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND lease = :lease
""")


def store_made(session: Session, request: ClaimedRequest, *, promotion_code: str, code: str) -> None:
    """Store the id and the spelling of the code that Stripe made. Raises LeaseLost."""
    _update_held(session, _STORE_MADE, request, promotion_code=promotion_code, code=code)


def store_refused(session: Session, request: ClaimedRequest, problem: Problem) -> None:
    """Store that Stripe refused the code, which is not tried again. Raises LeaseLost."""
    _update_held(session, _STORE_REFUSED, request, problem=bulk.encode_one(problem))


def postpone(session: Session, request: ClaimedRequest, problem: Problem, *, wait_seconds: float | None = None) -> None:
    """Store why a call failed, and try later: after `wait_seconds`, else after a back-off. Raises LeaseLost."""
    seconds = wait_seconds or backoff.seconds(request.attempts, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
    _update_held(session, _POSTPONE, request, problem=bulk.encode_one(problem), seconds=seconds)


def _update_held(session: Session, statement: Any, request: ClaimedRequest, **values: Any) -> None:
    parameters: Mapping[str, Any] = {"id": request.id, "lease": request.lease, **values}
    if session.execute(statement, parameters).rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise LeaseLost
