"""What is known of each Stripe object, with its lock, so that no two drains process parts of one payment at once.

Rows that another transaction is about to insert cannot be locked, so every id an event names gets a row first. Ids of
one movement of money are a payment group: they share a root, and a transaction that locks the root's row has locked all
of them. Roots are locked in one sorted statement. After a wait, an object may no longer be a root (its payment group
was joined to another), so roots are read again until the root of every named id is locked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.immutable import immutable
from app.partners.joining import addresses
from app.payments.facts import EMAIL, KINDS, MONEY_KINDS, Kind, ReadEvent
from app.payments.models import StripeObject
from app.payments.state.merging import merge, merged_by_id, statements_of, with_customers
from app.payments.state.payment_group import KnownObject
from app.stripe_events.scope import SCOPE_SQL, Scope

_KIND_RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}
_COLUMNS = "kind, id, root, customer, subscription, facts, stated_at, older_at"  # the fields of `KnownObject`


@immutable
class LockedObjects:
    """The objects of every payment group of a batch, all locked.

    Attributes:
        objects: by id, what is known now, this batch's facts included.
        known_roots: roots of the payment groups that had an object before this batch.
        with_new_address: customers that were known before and whose new e-mail address this batch brought.
        relinked: roots of payment groups with an object that was known before and has moved: to another payment group,
            or to a customer or subscription it was not known to belong to.
        before: by id, what was known before this batch.
        stated: the facts of an object in each event of the batch, by the event's id, in the order of the batch.
        newly_named: objects on which a partner's name was found, or from which one was removed, since they were
            settled.
    """

    objects: Mapping[str, KnownObject]
    known_roots: frozenset[str]
    relinked: frozenset[str]
    with_new_address: frozenset[str] = frozenset()
    before: Mapping[str, KnownObject] = field(default_factory=dict)
    stated: Sequence[tuple[int, KnownObject]] = ()
    newly_named: frozenset[str] = frozenset()

    def payment_groups(self) -> dict[str, list[KnownObject]]:
        """All payment groups, by root; subscriptions and customers are in none."""
        found: dict[str, list[KnownObject]] = {}
        for known in self.objects.values():
            if known.kind in MONEY_KINDS:
                found.setdefault(known.root, []).append(known)
        return found


def merge_facts(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> LockedObjects:
    """Lock the payment groups that `events` name, and store the facts of their objects."""
    stated = statements_of(events, _marks(session, scope, events))
    by_object = merged_by_id(stated)
    links = [pair for event in events for pair in event.reading.links if all(pair)]
    if not by_object:
        return LockedObjects({}, frozenset(), frozenset())
    local = with_customers(_rooted(by_object, links))
    inserted = _insert_missing(session, scope, local)
    stored = _lock_groups(session, scope, [object_id for object_id in local if object_id not in inserted])
    before = {**stored, **{object_id: local[object_id] for object_id in inserted}}
    merged = {
        object_id: merge(known, local[object_id]) if object_id in local else known
        for object_id, known in before.items()
    }
    after = _rooted(merged, links)
    if stored:
        after, others = _with_all_customers(session, scope, before, after)
        stored, before = {**stored, **others}, {**before, **others}
    _write_changes(session, scope, before, after)
    changed = [(known, after[known.id]) for known in stored.values() if after[known.id] is not known]
    relinked = frozenset(
        now.root
        for known, now in changed
        if (now.root, now.customer, now.subscription) != (known.root, known.customer, known.subscription)
    )
    with_new_address = frozenset(
        now.id
        for known, now in changed
        if now.kind == Kind.CUSTOMER and any(name.startswith(EMAIL) for name in now.facts.keys() - known.facts.keys())
    )
    known_roots = frozenset(after[object_id].root for object_id in stored)
    known_before = {object_id: known for object_id, known in stored.items() if object_id not in inserted}
    return LockedObjects(after, known_roots, relinked, with_new_address, before=known_before, stated=stated)


def lock(
    session: Session, scope: Scope, object_ids: Iterable[str], *, newly_named: Iterable[str] = ()
) -> LockedObjects:
    """The known facts of the payment groups of `object_ids`, all locked. Ids that no event has named are skipped."""
    locked = _lock_groups(session, scope, object_ids)
    known_roots = frozenset(known.root for known in locked.values())
    return LockedObjects(locked, known_roots, frozenset(), newly_named=frozenset(newly_named))


def lock_roots(session: Session, scope: Scope, object_ids: Collection[str]) -> None:
    """Lock the payment groups of `object_ids` as `lock` does, and load nothing: for commands that read no facts."""
    parameters = {**scope.parameters(), "object_ids": sorted(object_ids)}
    locked: set[str] = set()
    while missing := set(session.scalars(_ROOTS, parameters)) - locked:
        session.execute(_LOCK, {**parameters, "object_ids": sorted(missing)})
        locked |= missing


def lock_more(session: Session, scope: Scope, locked: LockedObjects, newly_named: set[str]) -> LockedObjects:
    """`locked` with these newly named objects and their payment groups, all locked."""
    more = lock(session, scope, newly_named - locked.objects.keys())
    return replace(
        locked,
        objects={**more.objects, **locked.objects},
        known_roots=locked.known_roots | more.known_roots,
        newly_named=locked.newly_named | newly_named,
    )


def _lock_groups(session: Session, scope: Scope, object_ids: Iterable[str]) -> dict[str, KnownObject]:
    """Lock the payment groups of `object_ids` and return all their objects by id."""
    distinct = set(object_ids)
    locked: dict[str, KnownObject] = {}
    while missing := sorted(distinct - locked.keys()):
        roots = session.scalars(_ROOTS, {**scope.parameters(), "object_ids": missing}).all()
        if not roots:
            break
        group_ids = session.scalars(_LOCK, {**scope.parameters(), "object_ids": roots}).all()
        locked |= load(session, scope, group_ids)
    return locked


def load(session: Session, scope: Scope, roots: Iterable[str]) -> dict[str, KnownObject]:
    """All objects of the payment groups with these roots, by id."""
    ordered = list(roots)
    rows = session.execute(_LOAD, {**scope.parameters(), "roots": ordered}) if ordered else ()
    return {row.id: KnownObject(*row) for row in rows}


# Each uses one table and one index: without statistics, on a new and growing table, a join would be planned badly.
_ROOTS = text(f"SELECT DISTINCT root FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:object_ids)")
_LOCK = text(f"SELECT id FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:object_ids) ORDER BY id FOR UPDATE")

# By id for the root itself: the index on roots leaves out objects that are their own root, which most are.
_LOAD = text(f"""
    SELECT {_COLUMNS} FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:roots) AND root = id
    UNION ALL
    SELECT {_COLUMNS} FROM stripe_objects WHERE {SCOPE_SQL} AND root = ANY(:roots) AND root <> id
""")

OWNED: Final = text(f"""
    SELECT subscription AS subject, root, customer FROM stripe_objects
    WHERE {SCOPE_SQL} AND subscription = ANY(:subjects) AND subscription <> ''
    UNION ALL
    SELECT customer, root, customer FROM stripe_objects
    WHERE {SCOPE_SQL} AND customer = ANY(:subjects) AND customer <> ''
""")
"""Objects of subscriptions and customers, with their root and customer; an object of both is returned twice."""


# The subscriptions' rows are locked, so that no other transaction adds a paid invoice or a session of one meanwhile.
_WITHOUT_CUSTOMER = text(f"""
    SELECT id FROM stripe_objects
    WHERE {SCOPE_SQL} AND subscription = ANY(:subscriptions) AND subscription <> '' AND customer = ''
""")


def _with_all_customers(
    session: Session, scope: Scope, before: Mapping[str, KnownObject], objects: Mapping[str, KnownObject]
) -> tuple[dict[str, KnownObject], dict[str, KnownObject]]:
    """`objects` with the customers now known of them, and with the other objects whose customer this makes known.

    Returns:
        All these objects; and the others as they are stored, locked.
    """
    after, others = with_customers(objects), dict[str, KnownObject]()
    while True:
        known = {**before, **others}
        newly = [now for now in after.values() if now.customer != known[now.id].customer]
        subscriptions = {now.id if now.kind == Kind.SUBSCRIPTION else now.subscription for now in newly} - {""}
        if not subscriptions:
            return after, others
        parameters = {**scope.parameters(), "subscriptions": sorted(subscriptions)}
        unowned = session.scalars(_WITHOUT_CUSTOMER, parameters).all()
        more = _lock_groups(session, scope, {*subscriptions, *unowned} - after.keys())
        if not more:
            return after, others
        others |= {object_id: stored for object_id, stored in more.items() if object_id not in after}
        after = with_customers({**more, **after})


def _marks(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> dict[str, str]:
    """The mark of every address in the batch, by the address; the salt is read only if there is an address."""
    stated_addresses = {address for event in events for stated in event.reading.objects for address in stated.emails}
    if not stated_addresses:
        return {}
    salt = addresses.load_salt(session, scope.organization_id)
    return {address: addresses.mark(salt, address) for address in stated_addresses}


def _rooted(objects: Mapping[str, KnownObject], links: Iterable[tuple[str, str]]) -> dict[str, KnownObject]:
    """`objects` with their roots after joining by `links`; an invoice becomes the root before other kinds."""
    parents = {object_id: known.root for object_id, known in objects.items()}

    def find(object_id: str) -> str:
        while (parent := parents.get(object_id, object_id)) != object_id:
            parents[object_id] = parents.get(parent, parent)
            object_id = parent
        return object_id

    def rank(object_id: str) -> tuple[int, str]:
        return (_KIND_RANK[objects[object_id].kind] if object_id in objects else len(KINDS), object_id)

    for left, right in links:
        winner, loser = sorted((find(left), find(right)), key=rank)
        parents[loser] = winner
    rooted = {}
    for object_id, known in objects.items():
        root = find(object_id)
        rooted[object_id] = known if known.root == root else replace(known, root=root)
    return rooted


def _insert_missing(session: Session, scope: Scope, objects: Mapping[str, KnownObject]) -> set[str]:
    """Insert those of `objects` that have no row yet, and return their ids.

    If another transaction is inserting the same id, this waits for its end, and then finds the row or inserts it.
    """
    scoped = scope.parameters()
    rows = [_row(scoped, objects[object_id]) for object_id in sorted(objects)]
    return {row.id for row in bulk.insert(session, StripeObject, rows, tail="ON CONFLICT DO NOTHING RETURNING id")}


def _write_changes(
    session: Session, scope: Scope, before: Mapping[str, KnownObject], after: Mapping[str, KnownObject]
) -> None:
    scoped = scope.parameters()
    changed = [_row(scoped, known) for object_id, known in sorted(after.items()) if known != before[object_id]]
    bulk.update(session, StripeObject, changed, key=("organization_id", "account", "livemode", "id"))


def _row(scoped: Mapping[str, Any], known: KnownObject) -> dict[str, Any]:
    return {
        **scoped,
        "id": known.id,
        "kind": known.kind,
        "root": known.root,
        "customer": known.customer,
        "subscription": known.subscription,
        "facts": dict(known.facts),
        "stated_at": known.stated_at,
        "older_at": dict(known.older_at),
    }


def events_with_new_facts(locked: LockedObjects) -> frozenset[int]:
    """The ids of the events that added a fact to what is known, or a Stripe object; in the order of the batch.

    A repeated fact is not new, whatever its time. Example: of two deliveries of one `customer.created` in a
    batch only the first is among them.
    """
    now = dict(locked.before)
    event_ids = set()
    for event_id, new in locked.stated:
        old = now.get(new.id)
        if old is not None and not _adds(old, new):
            continue
        now[new.id] = new if old is None else merge(old, new)
        if old is None or _says(now[new.id]) != _says(old):
            event_ids.add(event_id)
    return frozenset(event_ids)


def _adds(old: KnownObject, new: KnownObject) -> bool:
    """Whether `new` has anything that `old` has not; most statements have not, and need no merging."""
    is_placed = new.customer in ("", old.customer) and new.subscription in ("", old.subscription)
    return not (is_placed and new.facts.items() <= old.facts.items())


def _says(known: KnownObject) -> tuple[str, str, Mapping[str, object]]:
    """Its known facts without the times of the statements."""
    return (known.customer, known.subscription, known.facts)
