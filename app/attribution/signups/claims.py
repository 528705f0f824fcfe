"""Claims by browsers: which of them are believed. Their key is public, so anyone may claim any user's id.

A claim counts only for a Stripe object with the id of the user that it claims, whose payer has shown the address that
the claim has, and only while the merchant's server has not stated that user.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution.signups import references
from app.attribution.signups.stated import Recognized
from app.payments.facts import EMAIL
from app.signups.models import BY_BROWSER, MOST_CLAIMS
from app.stripe_events.scope import SCOPE_SQL, Scope

DISTANCE: Final = 3
"""The distance of a claim: farther than any way to recognize what the merchant's server said."""

# The addresses of a payer are with the customer, or without one with the objects of the payment.
_BELIEVED = text(f"""
    WITH own AS (
        SELECT id, root, customer FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:object_ids)
    ), bearers AS (
        SELECT own.id AS object_id, bearer.id FROM own CROSS JOIN LATERAL unnest(ARRAY[own.id, own.root, own.customer])
            AS bearer(id)
        UNION
        SELECT own.id, member.id FROM own JOIN stripe_objects AS member ON member.root = own.root
        WHERE own.customer = '' AND member.root <> member.id
          AND member.organization_id = :organization_id AND member.account = :account AND member.livemode = :livemode
    ), shown AS (
        SELECT DISTINCT bearers.object_id, substr(facts.name, {len(EMAIL) + 1}) AS email_mark
        FROM bearers JOIN stripe_objects AS bearer ON bearer.id = bearers.id
        CROSS JOIN LATERAL jsonb_object_keys(bearer.facts) AS facts(name)
        WHERE bearer.organization_id = :organization_id AND bearer.account = :account AND bearer.livemode = :livemode
          AND starts_with(facts.name, '{EMAIL}')
    ), named AS (
        SELECT object_id, field_path, stripe_event_id, substr(refers_to, {len(references.USER) + 1}) AS customer_id
        FROM evidence
        WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND starts_with(refers_to, '{references.USER}')
    )
    SELECT named.object_id, claim.id AS signup_id, {DISTANCE} AS distance, named.field_path, named.stripe_event_id
    FROM named JOIN shown ON shown.object_id = named.object_id
    CROSS JOIN LATERAL (
        SELECT signups.id, row_number() OVER (
            PARTITION BY signups.program_id ORDER BY signups.occurred_at, signups.id
        ) AS place
        FROM signups
        WHERE signups.customer_id = named.customer_id AND signups.email_mark = shown.email_mark
          AND signups.source = '{BY_BROWSER}'
          AND (signups.organization_id, signups.livemode) IS NOT DISTINCT FROM (:organization_id, :livemode)
          AND NOT EXISTS (
              SELECT FROM signups AS said
              WHERE said.customer_id = signups.customer_id AND said.program_id = signups.program_id
                AND said.livemode = signups.livemode AND said.source <> '{BY_BROWSER}'
          )
    ) AS claim
    WHERE claim.place <= {MOST_CLAIMS}
""")


def believed(session: Session, scope: Scope, object_ids: set[str]) -> list[Recognized]:
    """The claims that count for these objects, whose users have been claimed."""
    if not object_ids:
        return []
    rows = session.execute(_BELIEVED, {**scope.parameters(), "object_ids": sorted(object_ids)})
    return [Recognized(**row._asdict()) for row in rows]
