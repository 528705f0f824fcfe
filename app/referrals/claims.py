"""Claims: an app user claims another's code, and both get their rewards in the same transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app import ids
from app.errors import LONGEST_SHOWN, InvalidRequest, NotFound, ReferralFailed
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import AppUser
from app.paging import Page, load_page, owned_by
from app.referrals import codes, rewards
from app.referrals.models import ReferralClaim, ReferralCode

PARAM: Final = "code"


@immutable
class ClaimFilter:
    """A filter of claims: they must meet every given condition."""

    code_id: UUID | None = None
    referrer_id: str | None = None
    referee_id: str | None = None


def claim(session: Session, actor: AppUser, written: str) -> ReferralClaim:
    """Claim the code that the app user has typed: stores the claim, counts the use and grants both rewards.

    The row of the code is locked meanwhile, so a code with one use left is claimed once, however many ask at once. If
    anything fails, the caller's transaction must be rolled back, with everything in it.

    Raises:
        NotFound: `INVALID_CODE`: there is no such code, or it is not active.
        InvalidRequest: `SELF_REFERRAL`, `ALREADY_CLAIMED` or `MAX_USES_REACHED`.
        ReferralFailed: `CREATE_FAILED`: the claim could not be stored; `CLAIM_FAILED`: a reward could not be granted.
    """
    _lock_app_user(session, actor)
    code = codes.lock_active(session, actor, written)
    if code is None or code.app_user_id is None:
        shown = repr(written[:LONGEST_SHOWN])
        raise NotFound(f"no code {shown} can be claimed; check its spelling", code="INVALID_CODE", param=PARAM)
    _refuse(session, actor, code)
    made = ReferralClaim(
        id=ids.new(),
        organization_id=actor.organization_id,
        livemode=actor.livemode,
        referral_code_id=code.id,
        referrer_id=code.app_user_id,
        referee_id=actor.app_user_id,
    )
    with _failing_as("CREATE_FAILED", "the claim could not be stored; try again"):
        session.add(made)
        code.current_uses += 1
        session.flush()
    with _failing_as("CLAIM_FAILED", "a reward could not be granted, so the code was not claimed; try again"):
        rewards.grant(session, made, code)
    subject_id, owner = ids.encode(ids.REFERRAL_CLAIM, made.id), actor.organization_id
    details = {"referral_code_id": ids.encode(ids.REFERRAL_CODE, code.id)}
    audit.add_entry(
        session, actor, "referral.claimed", subject_id, details, organization_id=owner, livemode=actor.livemode
    )
    return made


def list_claims(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: ClaimFilter,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[ReferralClaim]:
    """A page of the claims of these organizations' app users, newest first. Raises InvalidRequest."""
    matching = select(ReferralClaim).where(owned_by(ReferralClaim.organization_id, organization_ids))
    for column, value in (
        (ReferralClaim.referral_code_id, filters.code_id),
        (ReferralClaim.referrer_id, filters.referrer_id),
        (ReferralClaim.referee_id, filters.referee_id),
    ):
        if value is not None:
            matching = matching.where(column == value)
    prefix = ids.REFERRAL_CLAIM
    return load_page(session, matching, ReferralClaim.id, prefix, limit=limit, starting_after=starting_after)


def _lock_app_user(session: Session, app_user: AppUser) -> None:
    """Let one claim of an app user follow another, so that two at once cannot both be its only one.

    Always before the code and the balances, so that no two claims wait for each other.
    """
    name = f"referral_claims {app_user.organization_id} {app_user.livemode} {app_user.app_user_id}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _refuse(session: Session, app_user: AppUser, code: ReferralCode) -> None:
    """Refuse a claim that the rules forbid. Raises InvalidRequest."""
    if code.app_user_id == app_user.app_user_id:
        raise InvalidRequest("this is your own code; claim another user's", code="SELF_REFERRAL", param=PARAM)
    if _has_claimed(session, app_user, code):
        what = "a code before, and only one can be claimed" if app_user.claims_once else "this code before"
        raise InvalidRequest(f"you have claimed {what}", code="ALREADY_CLAIMED", param=PARAM)
    if code.max_uses is not None and code.current_uses >= code.max_uses:
        raise InvalidRequest("this code has been claimed as often as it can be", code="MAX_USES_REACHED", param=PARAM)


def _has_claimed(session: Session, app_user: AppUser, code: ReferralCode) -> bool:
    """Whether the app user has claimed this code, or any code where one is allowed in all."""
    earlier = select(ReferralClaim.id).where(
        ReferralClaim.organization_id == app_user.organization_id,
        ReferralClaim.livemode == app_user.livemode,
        ReferralClaim.referee_id == app_user.app_user_id,
    )
    if not app_user.claims_once:
        earlier = earlier.where(ReferralClaim.referral_code_id == code.id)
    return session.scalar(earlier.limit(1)) is not None


@contextmanager
def _failing_as(code: str, message: str) -> Iterator[None]:
    """Let what the database refuses inside the block fail with this code; a database that is away still is a 503."""
    try:
        yield
    except OperationalError:
        raise
    except DBAPIError as failure:
        raise ReferralFailed(message, code=code, reason=type(failure.orig).__name__) from None
