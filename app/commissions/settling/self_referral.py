"""Self-referrals: payments of partners that are their own customers, found by organization or e-mail address.

The mark of the partner's address is stored with the conversion when a payment is first credited; it is empty if the
program allows self-referral. Addresses of the customer are compared with it whenever they become known.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution import attribute
from app.attribution.attribute import PaymentCredit
from app.commissions.settling.rows import ConversionRow
from app.payments import objects, payment_rows
from app.payments.objects import LockedObjects
from app.sentences.outcomes import SAME_EMAIL, SAME_ORGANIZATION
from app.stripe_events.scope import Scope

VERDICT: Final = "self_referral"


def reason(conversion: ConversionRow, payer_marks: Collection[str]) -> str:
    """What customer and partner have in common, one of `outcomes.SAMES`; "" if nothing shows a self-referral."""
    if conversion.verdict == VERDICT:
        return SAME_ORGANIZATION
    return SAME_EMAIL if conversion.email_mark and conversion.email_mark in payer_marks else ""


_CONCERNED = text("""
    SELECT payment_id FROM conversions
    WHERE payment_id = ANY(:payment_ids) AND (email_mark = ANY(:marks) OR EXISTS (
        SELECT FROM customer_histories
        WHERE organization_id = :organization_id AND livemode = :livemode AND email_mark = ANY(:marks)
    ))
""")


def add_recognized(
    session: Session, scope: Scope, locked: LockedObjects, credited: Sequence[PaymentCredit]
) -> list[PaymentCredit]:
    """`credited`, and earlier payments that an address concerns which a customer showed since.

    They are self-referrals, or the customer has a history that names the address.

    Effects: locks the other payments of those customers before it reads whom they are credited to, so that no other
    transaction credits one of them meanwhile without knowing the address.
    """
    touched = {each.payment.id for each in credited}
    of_customers = payment_rows.load_of_subjects(session, scope, locked.with_new_address)
    elsewhere = [payment for payment in of_customers if payment.id not in touched]
    if not elsewhere:
        return list(credited)
    objects.lock(session, scope, {object_id for payment in elsewhere for object_id in payment.object_ids})
    marks = {mark for customer in locked.with_new_address for mark in locked.objects[customer].email_marks}
    payment_ids = [payment.id for payment in elsewhere]
    values = {**scope.parameters(), "payment_ids": payment_ids, "marks": sorted(marks)}
    concerned = session.scalars(_CONCERNED, values).all()
    others = [payment for payment in payment_rows.load(session, concerned) if payment.merged_into_id is None]
    return [*credited, *attribute.credit_unchanged(session, scope, others)]
