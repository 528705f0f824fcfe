"""Command: records that a user registered. A repetition fills what was empty and changes no value that is there."""

import re
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners.joining import addresses
from app.partners.models import Partner
from app.programs.models import Program
from app.signups.models import BY_BROWSER, MOST_CLAIMS, SignUp
from app.texts import require_line

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far ahead of ours the clock of the merchant's server may be."""
LONGEST_ID: Final = 255
_SESSION: Final = re.compile(r"[a-z0-9][a-z0-9_-]{7,99}", re.ASCII)
_STRIPE_CUSTOMER: Final = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)


@immutable
class Registration:
    """What is stated of a user who registered.

    Attributes:
        customer_id: the user's id in the merchant's own system; of an import, the former system's id.
        occurred_at: when the user registered.
        source: `server`, `browser`, or `import:` with the name of the former system.
        partner_id: the partner that brought the user, one of the program.
        session_id: the session of the user's visit; its touchpoints count before `partner_id`.
        email: the user's e-mail address, of which only a mark is stored.
        stripe_customer_id: `cus_…`.
    """

    customer_id: str
    occurred_at: datetime
    source: str
    partner_id: UUID | None = None
    session_id: str | None = None
    email: str | None = field(default=None, repr=False)
    stripe_customer_id: str | None = None


def record(
    session: Session, actor: Actor, program: Program, stated: Registration, *, livemode: bool, cause: str
) -> tuple[SignUp, bool]:
    """Record a customer sign-up. The payments it concerns are settled by the clock, or by the caller at once.

    Args:
        session: writes the row; waits for a concurrent transaction with the same user.
        actor: who states it.
        program: the program the user counts for.
        stated: what is stated of the user.
        livemode: the mode of the payments it counts for.
        cause: `request:…` or `import:…`, recorded with what it changes.

    Returns:
        The sign-up, and whether it is new. A browser's claim of a user is a row for each session and address; beyond
        `MOST_CLAIMS` of one address it is ignored, and the earliest is returned.

    Raises:
        InvalidRequest: names the field that has no possible value.
        NotFound: `affiliate_not_found`: the program has no such partner.
    """
    _demand_partner(session, program, stated.partner_id)
    row: dict[str, Any] = {
        "id": ids.new(),
        "organization_id": program.organization_id,
        "program_id": program.id,
        "livemode": livemode,
        "customer_id": _customer_id(stated.customer_id),
        "source": stated.source,
        "occurred_at": _past(stated.occurred_at),
        "cause": cause,
        "check_at": datetime.now(UTC),
        "partner_id": stated.partner_id,
        "session_id": _session_id(stated.session_id),
        "email_mark": _mark(session, program, stated.email),
        "stripe_customer_id": _stripe_customer_id(stated.stripe_customer_id),
    }
    stored, is_new = _insert_or_lock(session, row)
    if is_new:
        _note(session, actor, "signup.recorded", stored, {"source": stated.source})
        return stored, True
    filled = _filled(stored, row)
    if filled:
        for name, value in filled.items():
            setattr(stored, name, value)
        stored.check_at, stored.settled_at = row["check_at"], None
        session.flush()
        _note(session, actor, "signup.completed", stored, {"filled": sorted(filled)})
    return stored, False


def _demand_partner(session: Session, program: Program, partner_id: UUID | None) -> None:
    partner = select(Partner.id).where(Partner.id == partner_id, Partner.program_id == program.id)
    if partner_id is not None and session.scalar(partner) is None:
        raise NotFound(
            f"the program {ids.encode(ids.PROGRAM, program.id)} has no affiliate "
            f"{ids.encode(ids.PARTNER, partner_id)}; send program_id if it is in another program",
            code="affiliate_not_found",
            param="affiliate_id",
        )


def _insert_or_lock(session: Session, row: dict[str, Any]) -> tuple[SignUp, bool]:
    """The new sign-up and True, or the one of the same user, locked, and False: the earliest, of too many claims.

    Between the two statements the stored one may be deleted, as an unused claim of a browser; then it is inserted.
    """
    while True:
        new = insert(SignUp).values(row).on_conflict_do_nothing().returning(SignUp.id)
        added = None if _is_claimed_enough(session, row) else session.scalar(new)
        if added is not None:
            return session.get_one(SignUp, added), True
        locked = _same(row).limit(1).with_for_update().execution_options(populate_existing=True)
        stored = session.scalars(locked).one_or_none()
        if stored is not None:
            return stored, False


def _same(row: dict[str, Any]) -> Any:
    """The stored sign-up of the same user; of a browser, those with the same address, the same session first."""
    query = select(SignUp).where(
        SignUp.customer_id == row["customer_id"],
        SignUp.program_id == row["program_id"],
        SignUp.livemode == row["livemode"],
    )
    if row["source"] != BY_BROWSER:
        return query.where(SignUp.source != BY_BROWSER)
    of_address = query.where(SignUp.source == BY_BROWSER, SignUp.email_mark == row["email_mark"])
    return of_address.order_by((SignUp.session_id == row["session_id"]).desc(), SignUp.occurred_at, SignUp.id)


def _is_claimed_enough(session: Session, row: dict[str, Any]) -> bool:
    """Whether it is a claim, and the user and address have been claimed so often that another is ignored."""
    return row["source"] == BY_BROWSER and len(session.scalars(_same(row).limit(MOST_CLAIMS)).all()) == MOST_CLAIMS


def _filled(stored: SignUp, row: dict[str, Any]) -> dict[str, Any]:
    """What the repetition adds. A session is not added beside a partner, because it would count before it."""
    names = ["partner_id", "email_mark", "stripe_customer_id"]
    if stored.partner_id is None:
        names.append("session_id")
    return {name: row[name] for name in names if row[name] and not getattr(stored, name)}


def _customer_id(text: str) -> str:
    customer_id = require_line(text, param="customer_id").strip()
    if len(customer_id) > LONGEST_ID:
        raise InvalidRequest(
            f"customer_id has {len(customer_id)} characters; send at most {LONGEST_ID}", param="customer_id"
        )
    return customer_id


def _past(occurred_at: datetime) -> datetime:
    if occurred_at > datetime.now(UTC) + CLOCKS_APART:
        raise InvalidRequest(
            "occurred_at is in the future; send the time at which the user registered, or leave it out for now",
            param="occurred_at",
        )
    return occurred_at


def _session_id(sent: str | None) -> str:
    """The session as touchpoints have it, in lower case; "" for one that no touchpoint can have."""
    folded = (sent or "").strip().lower()
    return folded if _SESSION.fullmatch(folded) else ""


def _mark(session: Session, program: Program, email: str | None) -> str:
    if not email:
        return ""
    mark = addresses.mark(addresses.load_salt(session, program.organization_id), email)
    if not mark:
        raise InvalidRequest("email must be one plain e-mail address, such as name@example.com", param="email")
    return mark


def _stripe_customer_id(sent: str | None) -> str:
    if sent and not _STRIPE_CUSTOMER.fullmatch(sent):
        raise InvalidRequest(
            f"stripe_customer_id {sent[:80]!r} is not a Stripe customer's id, such as cus_NffrFeUfNV2Hib",
            param="stripe_customer_id",
        )
    return sent or ""


def _note(session: Session, actor: Actor, action: str, stored: SignUp, details: dict[str, Any]) -> None:
    """Audit entry. A browser's claim has none: like a visit, strangers can make as many as they like."""
    if stored.source == BY_BROWSER:
        return
    partner = {"partner_id": ids.encode(ids.PARTNER, stored.partner_id)} if stored.partner_id else {}
    audit.add_entry(
        session,
        actor,
        action,
        ids.encode(ids.SIGN_UP, stored.id),
        {**details, **partner},
        organization_id=stored.organization_id,
        livemode=stored.livemode,
    )
