"""Finds who is to be erased: by a Stripe customer, a partner or an e-mail address."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution import erasing as attribution
from app.errors import LONGEST_SHOWN, InvalidRequest, NotFound
from app.partners import erasing as partners
from app.partners.joining import addresses
from app.partners.queries.listing import get_partner
from app.payments import erasing as payments
from app.payouts import erasing as payouts
from app.signups import erasing as signups
from app.stripe_events import erasing as stripe_events
from app.texts import require_address
from app.tombstones import tombstones
from app.tombstones.subjects import Subject, folded, is_several_words

CUSTOMER: Final = "cus_"


def find(session: Session, organization_id: UUID, named: str) -> Subject:
    """The person that `named` is the Stripe customer, partner or e-mail address of.

    Of a customer everything is found that names it. Of an address also all customers and partners that have it.

    Raises:
        NotFound: no event has named the customer, or there is no such partner.
        InvalidRequest: it is neither of the three.
    """
    if named.startswith(CUSTOMER):
        is_known = payments.is_known(session, organization_id, named)
        if not is_known and not tombstones.is_erased(session, organization_id, object_id=named):
            raise NotFound.of("customer", named)
        return Subject(organization_id, customers=frozenset([named]))
    if ids.decode(named, *ids.PARTNER_PREFIXES) is not None:
        partner = get_partner(session, [organization_id], named)
        return Subject(organization_id, partner_ids=frozenset([partner.id]))
    if "@" not in named:
        message = f"{named[:LONGEST_SHOWN]!r} is no Stripe customer (cus_…), partner (par_…) or e-mail address"
        raise InvalidRequest(message, param="subject")
    return _with_address(session, organization_id, require_address(named, param="subject"))


def _with_address(session: Session, organization_id: UUID, address: str) -> Subject:
    marks = _marks(session, organization_id, frozenset([address]))
    users, named = signups.with_address(session, organization_id, marks, [address])
    objects = attribution.objects_naming(session, organization_id, users)
    recognized = payments.customers_by_object(session, organization_id, objects).values()
    return Subject(
        organization_id,
        customers=payments.customers_with(session, organization_id, marks) | named | (frozenset(recognized) - {""}),
        partner_ids=partners.partners_with(session, organization_id, [address]),
        addresses=frozenset([address]),
        marks=marks,
    )


def described(session: Session, subject: Subject) -> Subject:
    """The subject with everything by which texts name the person: addresses, names, accounts at Stripe.

    Reads every document of the organization once if the subject has customers.
    """
    of_customers = replace(subject, marks=frozenset())
    payer = stripe_events.find_payer(session, subject, payments.objects_of(session, of_customers))
    rows = partners.load(session, subject)
    emails = folded(partner.email for partner in rows if not partner.email.endswith(f"@{partners.ERASED_DOMAIN}"))
    known = subject.addresses | payer.addresses | emails
    names = payer.names | folded(partner.full_name for partner in rows)
    parts = folded(part for partner in rows for part in (partner.first_name, partner.last_name))
    details = folded(value for partner in rows for value in partner.details.values())
    return replace(
        subject,
        addresses=known,
        marks=_marks(session, subject.organization_id, known),
        accounts=payouts.accounts_of(session, subject.organization_id, sorted(subject.partner_ids)),
        texts=frozenset(filter(is_several_words, names)),
        words=parts | details | frozenset(name for name in names if not is_several_words(name)),
    )


def _marks(session: Session, organization_id: UUID, found: frozenset[str]) -> frozenset[str]:
    salt = addresses.load_salt(session, organization_id)
    return frozenset(mark for address in found if (mark := addresses.mark(salt, address)))
