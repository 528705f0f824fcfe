"""Whether payments name partners, and whether Stripe gave the data that they need.

If none of the newest payments names a partner, the metadata is probably not set at checkout.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.stripe_sync import lookups

NEWEST: Final = 50
FEWEST: Final = 10
"""With fewer payments there may simply not have been a referred customer yet."""

_NAMELESS = text("""
    SELECT organization.id AS organization_id, mode.livemode, count(*) AS payments
    FROM organizations AS organization
    CROSS JOIN (VALUES (true), (false)) AS mode (livemode)
    CROSS JOIN LATERAL (
        SELECT payment.outcome FROM payments AS payment
        WHERE payment.organization_id = organization.id AND payment.livemode = mode.livemode
          AND payment.merged_into_id IS NULL AND payment.key NOT LIKE 'manual:%'
        ORDER BY payment.id DESC LIMIT :newest
    ) AS newest
    WHERE organization.kind = 'merchant'
    GROUP BY organization.id, mode.livemode
    HAVING count(*) >= :fewest AND bool_and(newest.outcome = 'unattributed')
""")


def check(session: Session, examined: Examined) -> Iterator[Finding]:
    """Merchants none of whose newest payments has any evidence of a partner, and requests to Stripe that were given up.

    Both for each mode; requests for each reason.
    """
    del examined
    for row in session.execute(_NAMELESS, {"newest": NEWEST, "fewest": FEWEST}).mappings():
        organization = ids.encode(ids.ORGANIZATION, row["organization_id"])
        mode = "live" if row["livemode"] else "test"
        yield found("payments_name_no_partner", organization=organization, mode=mode, count=row["payments"])
    for refused in lookups.given_up(session):
        organization = ids.encode(ids.ORGANIZATION, refused.organization_id)
        mode = "live" if refused.livemode else "test"
        yield found(
            "lookups_given_up", organization=organization, mode=mode, count=refused.count, problem=refused.problem
        )
