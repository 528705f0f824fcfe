"""Uses of promotion codes and coupons on Stripe objects, and the partners that the promotions belong to.

A discount leads to a promotion code and a coupon, a promotion code to its coupon and to what customers type. Each may
belong to a partner: by `metadata.affiliate_id` on it, or because the merchant gave it to one. None of this is stored
with the object on which the promotion was used, so credit does not depend on the order of these facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.attribution.carriers import PROMOTION_CODE
from app.attribution.rules import Name
from app.immutable import immutable
from app.payments.facts import ReadEvent
from app.stripe_events.scope import SCOPE_SQL, Scope

KINDS: Final = ("promotion_code", "code", "coupon", "discount")
"""Prefixes of references, `promotion_code:promo_…`, in order of precedence if several partners own one."""
STEPS: Final = 3
"""The most steps from a use to an owner: discount, promotion code, coupon."""


@immutable
class Use:
    """A promotion used on an object."""

    object_id: str
    refers_to: str
    field_path: str
    stripe_event_id: str
    evident_at: datetime


@immutable
class _Owner:
    """The partner that a promotion belongs to, with the times from which and until which it does."""

    name: str
    evident_at: datetime
    distance: int
    reason: str
    """Why it belongs to the partner, as the end of a name's `field_path`: `given=…` or `named_on=…`."""
    ended_at: datetime | None = None
    """Only uses from before this time count; None: all uses."""


def lock(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> None:
    """Lock the organization's promotions: shared if these events use one, exclusively if they change the owner of one.

    Many customers may use a code at the same time, so uses share the lock; only a change of owner excludes them. Must
    be called before any object is locked.
    """
    stated: dict[tuple[str, str, str], datetime] = {}
    uses = False
    for event in events:
        for name in event.reading.names:
            uses = uses or bool(name.refers_to and name.carrier == PROMOTION_CODE)
            # A discount has its own lock.
            if is_promotion(name.object_id) and not name.object_id.startswith("discount:"):
                fact = (name.object_id, name.name, name.refers_to)
                stated[fact] = min(event.evident_at, stated.get(fact, event.evident_at))
    if stated or uses:
        before = _stated_before(session, scope, stated)
        news = [fact for fact, at in stated.items() if fact not in before or at < before[fact]]
        hold_all(session, scope.organization_id, exclusively=bool(news))


def hold_all(session: Session, organization_id: UUID, *, exclusively: bool = True) -> None:
    """Lock the ownership of the organization's promotions until the transaction ends."""
    function = "pg_advisory_xact_lock" if exclusively else "pg_advisory_xact_lock_shared"
    session.execute(
        text(f"SELECT {function}(hashtextextended(:key, 0))"), {"key": f"promotions of {organization_id.hex}"}
    )


_ABOUT = text(f"""
    SELECT object_id, name, refers_to, evident_at FROM evidence
    WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND carrier = '{PROMOTION_CODE}'
      AND (name <> '' OR refers_to <> '')
""")


def _about(session: Session, scope: Scope, promotions: Iterable[str]) -> Sequence[Any]:
    """The evidence about these promotions: their partners, and the promotions they lead to."""
    ordered = sorted(promotions)
    return session.execute(_ABOUT, {**scope.parameters(), "object_ids": ordered}).all() if ordered else ()


def _stated_before(
    session: Session, scope: Scope, facts: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], datetime]:
    rows = _about(session, scope, {object_id for object_id, _, _ in facts})
    return {(row.object_id, row.name, row.refers_to): row.evident_at for row in rows}


_USES = text(f"""
    SELECT object_id, refers_to, field_path, stripe_event_id, evident_at FROM evidence
    WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND carrier = '{PROMOTION_CODE}'
""")


def uses_of(session: Session, scope: Scope, object_ids: Sequence[str]) -> list[Use]:
    """The promotions used on these objects."""
    rows = session.execute(_USES, {**scope.parameters(), "object_ids": list(object_ids)}) if object_ids else ()
    # With a condition on refers_to the planner would read all of an owner's uses by their partial index.
    return [
        Use(row.object_id, row.refers_to, row.field_path, row.stripe_event_id, row.evident_at)
        for row in rows
        if row.refers_to
    ]


def names_on(session: Session, scope: Scope, uses: Sequence[Use]) -> dict[str, list[Name]]:
    """The partners that these uses lead to, as names on the objects of the uses.

    A name counts from when both the use and the owner of the promotion are known.
    """
    if not uses:
        return {}
    owners, onward = _follow(session, scope, {use.refers_to for use in uses})
    found: dict[str, list[Name]] = {}
    for use in uses:
        for promotion in _reachable(use.refers_to, onward):
            for owner in owners.get(promotion, ()):
                evident_at = max(use.evident_at, owner.evident_at)
                if owner.ended_at is None or evident_at < owner.ended_at:
                    path = f"{use.field_path};{owner.reason}"
                    name = Name(
                        use.object_id, PROMOTION_CODE, owner.name, path, use.stripe_event_id, evident_at, owner.distance
                    )
                    found.setdefault(use.object_id, []).append(name)
    return found


def _follow(
    session: Session, scope: Scope, promotions: set[str]
) -> tuple[dict[str, list[_Owner]], dict[str, set[str]]]:
    """The owners of these promotions and of the promotions they lead to, and the references between them."""
    owners: dict[str, list[_Owner]] = {}
    onward: dict[str, set[str]] = {}
    seen: set[str] = set()
    ahead = promotions
    for _ in range(STEPS):
        seen |= ahead
        for row in _about(session, scope, ahead):
            if row.refers_to:
                onward.setdefault(row.object_id, set()).add(row.refers_to)
            else:
                owner = _Owner(row.name, row.evident_at, _distance(row.object_id) + 1, f"named_on={row.object_id}")
                owners.setdefault(row.object_id, []).append(owner)
        ahead = {further for promotion in ahead for further in onward.get(promotion, ())} - seen
        if not ahead:
            break
    for promotion, owner in _given(session, scope, seen | ahead):
        owners.setdefault(promotion, []).append(owner)
    return owners, onward


# A promotion that was taken from its partner still counts for uses older than the window: what a partner has earned for
# months is not taken back because a campaign ended.
_GIVEN = text("""
    SELECT given.promotion, given.partner_id, given.created_at, given.removed_at, programs.attribution_window_days
    FROM partner_promotions AS given
    JOIN partners ON partners.id = given.partner_id
    JOIN programs ON programs.id = partners.program_id
    WHERE given.organization_id = :organization_id AND given.livemode = :livemode
      AND given.promotion = ANY(:promotions)
""")


def _given(session: Session, scope: Scope, promotions: Iterable[str]) -> list[tuple[str, _Owner]]:
    owners = []
    for row in session.execute(_GIVEN, {**scope.parameters(), "promotions": sorted(promotions)}):
        window = timedelta(days=row.attribution_window_days)
        ended_at = row.removed_at - window if row.removed_at else None
        name = ids.encode(ids.PARTNER, row.partner_id)
        owner = _Owner(name, row.created_at, _distance(row.promotion), f"given={row.promotion}", ended_at)
        owners.append((row.promotion, owner))
    return owners


def _distance(promotion: str) -> int:
    """The precedence of a promotion's owner: what the merchant gave comes before the metadata of the same promotion."""
    return 2 * KINDS.index(promotion.partition(":")[0])


def _reachable(promotion: str, onward: Mapping[str, set[str]]) -> set[str]:
    """The promotion itself, and those that it leads to."""
    reached, ahead = {promotion}, {promotion}
    while ahead := {further for used in ahead for further in onward.get(used, ())} - reached:
        reached |= ahead
    return reached


_USERS = text("""
    SELECT DISTINCT account, livemode, object_id FROM evidence
    WHERE organization_id = :organization_id AND livemode = :livemode
      AND refers_to = ANY(:promotions) AND refers_to <> ''
""")


def users_of(
    session: Session, organization_id: UUID, promotions: Iterable[str], *, livemode: bool
) -> dict[Scope, set[str]]:
    """The Stripe objects of one mode on which these promotions were used.

    Uses of promotions that lead to one of these are included.
    """
    found: dict[Scope, set[str]] = {}
    ahead = set(promotions)
    for _ in range(STEPS):
        values = {"organization_id": organization_id, "livemode": livemode, "promotions": sorted(ahead)}
        ahead = set()
        for row in session.execute(_USERS, values) if values["promotions"] else ():
            if is_promotion(row.object_id):
                ahead.add(row.object_id)
            else:
                found.setdefault(Scope(organization_id, row.account, row.livemode), set()).add(row.object_id)
    return found


def is_promotion(object_id: str) -> bool:
    """Whether evidence of this object is about a promotion itself."""
    return object_id.partition(":")[0] in KINDS and ":" in object_id
