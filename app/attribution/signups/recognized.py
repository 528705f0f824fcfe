"""Recognition of Stripe objects: which customer sign-ups they belong to, and so which partners those name.

A Stripe customer is recognized by its id, else by the id of the user on it or on one of its subscriptions, sessions and
payments, else by its e-mail address. None of this is stored, so credit does not depend on the order of these facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.attribution.carriers import SIGN_UP
from app.attribution.rules import Name, NoCredit
from app.attribution.signups import claims, partners, references, stated
from app.attribution.signups.stated import Recognized, Stated
from app.payments.facts import EMAIL, Kind
from app.signups.models import BY_BROWSER
from app.stripe_events.scope import SCOPE_SQL, Scope

# IS NOT DISTINCT FROM, so that no index that begins with the organization is used: one may have most of the rows.
BY_ADDRESS: Final = f"""
    SELECT known.id AS object_id, said.id AS signup_id, 2 AS distance, 'email' AS field_path,
           said.cause AS stripe_event_id
    FROM (
        SELECT id, organization_id, livemode, jsonb_object_keys(facts) AS fact FROM stripe_objects
        WHERE {SCOPE_SQL} AND id = ANY(:object_ids) AND kind = '{Kind.CUSTOMER}'
    ) AS known
    JOIN signups AS said ON said.email_mark = substr(known.fact, {len(EMAIL) + 1})
    WHERE starts_with(known.fact, '{EMAIL}') AND said.email_mark <> '' AND said.source <> '{BY_BROWSER}'
      AND (said.organization_id, said.livemode) IS NOT DISTINCT FROM (known.organization_id, known.livemode)
"""
"""Customers with an address that the merchant's server stated of a user."""

BY_ANY_WAY: Final = f"""
    SELECT said.stripe_customer_id AS object_id, said.id AS signup_id, 0 AS distance,
           'stripe_customer_id' AS field_path, said.cause AS stripe_event_id
    FROM signups AS said
    WHERE said.organization_id = :organization_id AND said.livemode = :livemode
      AND said.stripe_customer_id = ANY(:object_ids) AND said.stripe_customer_id <> ''
    UNION ALL
    SELECT named.object_id, said.id, said.distance, named.field_path, named.stripe_event_id
    FROM (
        SELECT object_id, organization_id, livemode, field_path, stripe_event_id,
               substr(refers_to, {len(references.USER) + 1}) AS customer_id
        FROM evidence
        WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND starts_with(refers_to, '{references.USER}')
    ) AS named
    CROSS JOIN LATERAL (
        (SELECT id, 1 AS distance FROM signups
        WHERE signups.customer_id = named.customer_id AND source <> '{BY_BROWSER}'
          AND (organization_id, livemode) IS NOT DISTINCT FROM (named.organization_id, named.livemode) OFFSET 0)
        UNION ALL
        (SELECT id, {claims.DISTANCE} FROM signups
        WHERE signups.customer_id = named.customer_id AND signups.organization_id = named.organization_id
          AND livemode = named.livemode AND source || '' = '{BY_BROWSER}' LIMIT 1)
    ) AS said
    UNION ALL
    {BY_ADDRESS}
"""
"""Stripe objects of `object_ids` that belong to a sign-up, with how that is known: `distance` orders the ways.

Of a user's claims it has one, whichever it is, because anyone may make any number of them: `claims.believed` reads
those that count. Its source is compared as an expression, so that no index of all claims is walked to find one.
"""


def names_on(session: Session, scope: Scope, recognized: Sequence[Recognized]) -> dict[str, list[Name]]:
    """The partners that these sign-ups name, as names on the recognized objects, by object id.

    Effects: stores the touchpoints of their sessions.
    """
    claimed = {each.object_id for each in recognized if each.distance == claims.DISTANCE}
    counting = [each for each in recognized if each.distance != claims.DISTANCE]
    counting += claims.believed(session, scope, claimed)
    signups = stated.load_stated(session, {each.signup_id for each in counting})
    credited = partners.credited(session, scope.organization_id, signups.values())
    found: dict[str, list[Name]] = {}
    for each in counting:
        signup, named = signups[each.signup_id], credited[each.signup_id]
        if isinstance(named, NoCredit):
            continue
        name = Name(
            object_id=each.object_id,
            carrier=SIGN_UP,
            name=ids.encode(ids.PARTNER, named[0].partner_id),
            field_path=f"{each.field_path};signup={ids.encode(ids.SIGN_UP, signup.id)}",
            stripe_event_id=each.stripe_event_id,
            evident_at=signup.occurred_at,
            distance=each.distance,
        )
        found.setdefault(each.object_id, []).append(name)
    return found


_NEWLY = text(f"""
    SELECT object_id FROM ({BY_ADDRESS}) AS by_address
    UNION
    SELECT evidence.object_id FROM evidence
    WHERE {SCOPE_SQL} AND carrier = '{SIGN_UP}' AND object_id = ANY(:owned)
""")
_OWNED = text(f"SELECT id FROM stripe_objects WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND customer <> ''")


def newly_recognizable(session: Session, scope: Scope, customers: Iterable[str]) -> set[str]:
    """The objects that may be recognized now that these customers have shown another address.

    These are the customers themselves, and their objects with the id of a user, of whom a claim may have that address.
    """
    ordered = sorted(customers)
    if not ordered:
        return set()
    owned = session.scalars(_OWNED, {**scope.parameters(), "customers": ordered}).all()
    return set(session.scalars(_NEWLY, {**scope.parameters(), "object_ids": ordered, "owned": [*owned, *ordered]}))


_CONCERNED = text(f"""
    SELECT account, livemode, id AS object_id FROM stripe_objects
    WHERE organization_id = :organization_id AND livemode = :livemode AND id = ANY(:stripe_customers)
    UNION
    SELECT account, livemode, object_id FROM evidence
    WHERE organization_id = :organization_id AND livemode = :livemode
      AND refers_to = ANY(:references) AND refers_to <> ''
    UNION
    SELECT account, livemode, id FROM stripe_objects
    WHERE organization_id = :organization_id AND livemode = :livemode
      AND kind = '{Kind.CUSTOMER}' AND facts ?| CAST(:marks AS text[])
""")


def objects_of(session: Session, signups: Iterable[Stated]) -> Mapping[Scope, set[str]]:
    """The known Stripe objects and reports that belong to these sign-ups, in every account."""
    found: dict[Scope, set[str]] = {}
    by_owner: dict[tuple[UUID, bool], list[Stated]] = {}
    for signup in signups:
        by_owner.setdefault((signup.organization_id, signup.livemode), []).append(signup)
    for (owner, livemode), own in by_owner.items():
        values = {
            "organization_id": owner,
            "livemode": livemode,
            "stripe_customers": sorted({each.stripe_customer_id for each in own} - {""}),
            "references": sorted({reference for each in own for reference in each.references}),
            "marks": sorted({f"{EMAIL}{each.email_mark}" for each in own if each.email_mark and not each.is_claim}),
        }
        for row in session.execute(_CONCERNED, values):
            found.setdefault(Scope(owner, row.account, row.livemode), set()).add(row.object_id)
    return found
