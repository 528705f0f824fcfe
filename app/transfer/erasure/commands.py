"""The two commands that erase a person. Both need the worker's role; each is a transaction of its own.

The tombstones must be visible to other transactions before anything is erased: a drain that read a document before
them ends first, and each later one finds them.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution import erasing as attribution
from app.commissions import erasing as commissions
from app.commissions.settling.settlement import Cause
from app.errors import Conflict
from app.immutable import immutable
from app.ledger import erasing as ledger
from app.mail_queue import erasing as mail_queue
from app.money import format_money
from app.organizations import audit
from app.organizations import erasing as organizations
from app.organizations.actors import Actor, name_of
from app.outbox import erasing as outbox
from app.partners import erasing as partners
from app.partners.figures import owed
from app.payments import erasing as payments
from app.payouts import erasing as payouts
from app.payouts.steps import run_states
from app.people import erasing as people
from app.referrals import erasing as referrals
from app.signups import erasing as signups
from app.stripe_events import erasing as stripe_events
from app.tombstones import pseudonyms, tombstones
from app.tombstones.subjects import Subject
from app.touchpoints import erasing as touchpoints
from app.transfer.erasure import finding
from app.transfer.erasure.views import ErasureBody, FileBody, OpenBalance
from app.transfer.exports.stored import erasing as exports
from app.transfer.imports import erasing as imports


@immutable
class Erasure:
    """A person who is being erased: tombstones are there, the data is too."""

    id: UUID
    subject: Subject


def begin(session: Session, actor: Actor, organization_id: UUID, named: str, *, force: bool = False) -> Erasure:
    """Find a person and add the tombstones. Commit, then call `finish`; repeating both is harmless.

    Args:
        session: adds the tombstones and the audit entry.
        actor: who erases.
        organization_id: whose data it is; that of other organizations stays.
        named: `cus_…`, `par_…` or an e-mail address.
        force: erase a partner also while it is owed money, which can then only be written off.

    Raises:
        NotFound: there is no such customer or partner.
        InvalidRequest: `named` is neither of the three.
        Conflict: `balance_open`: a partner is owed money, or a payout has not ended.
    """
    subject = finding.find(session, organization_id, named)
    if not force:
        _refuse_open_balances(session, subject)
    subject = finding.described(session, subject)
    erasure = Erasure(ids.new(), subject)
    tombstones.insert(session, subject, erasure_id=erasure.id, created_by=name_of(actor))
    noted = {"customers": sorted(subject.customers), "partners": subject.partners, "forced": force}
    public_id = ids.encode(ids.ERASURE, erasure.id)
    audit.add_entry(session, actor, "person.erased", public_id, noted, organization_id=organization_id)
    return erasure


def finish(session: Session, erasure: Erasure, by: Cause) -> ErasureBody:
    """Erase the person in every package.

    Args:
        session: the worker's; waits for drains and for batches of payout runs, and holds the organization's due
            events, the partners' runs and the partners until it commits.
        erasure: the result of `begin`, committed.
        by: the cause of the entries of canceled payouts.

    Effects: ledger entries, amounts and statements do not change, except that payouts that were not sent are canceled.
    """
    subject = erasure.subject
    stripe_events.wait_for_drains(session, subject)
    _wait_for_payouts(session, subject)
    files, exported = payouts.files_of(session, subject), exports.exports_of(session, subject)
    counts = {
        **_erase_customers(session, subject),
        **_erase_partners(session, subject, by),
        **outbox.erase(session, subject),
        **mail_queue.erase(session, subject),
        **exports.erase(session, subject),
        **imports.erase(session, subject),
    }
    return ErasureBody(
        id=ids.encode(ids.ERASURE, erasure.id),
        customers=sorted(subject.customers),
        partners=subject.partners,
        counts=dict(sorted(counts.items())),
        payout_files=[
            FileBody(
                id=ids.encode(ids.PAYOUT_FILE, row["id"]),
                run_id=ids.encode(ids.PAYOUT_RUN, row["run_id"]),
                name=row["name"],
                downloaded_at=row["downloaded_at"],
                downloaded_by=row["downloaded_by"],
            )
            for row in files
        ],
        exports=list(exported),
        open_balances=_open_balances(session, subject),
    )


def _wait_for_payouts(session: Session, subject: Subject) -> None:
    """Lock runs and then the partners, as a ban does: a batch that reserves for them ends first."""
    run_states.lock_unfinished(session, partners.programs_of(session, subject))
    partners.load(session, subject)


def _erase_customers(session: Session, subject: Subject) -> Mapping[str, int]:
    owner = subject.organization_id
    object_ids = payments.objects_of(session, subject)
    payment_ids = payments.payments_of(session, subject, object_ids)
    known_marks = payments.marks_of(session, subject, object_ids)
    marks = pseudonyms.of(known_marks - commissions.self_referral_marks(session, payment_ids))
    named = attribution.users_of(session, subject, object_ids)
    signed_up = signups.users_of(session, subject, known_marks, named)
    users = pseudonyms.of(named | signed_up | referrals.users_of(session, subject))
    visits = {*attribution.sessions_of(session, subject, object_ids), *signups.sessions_of(session, owner, signed_up)}
    _erase_words(session, subject, object_ids, payment_ids)
    is_partner = partners.partners_names(session, owner)
    return {
        **stripe_events.erase(session, subject, object_ids=object_ids, is_partner=is_partner),
        **payments.erase(session, subject, object_ids=object_ids, payment_ids=payment_ids, marks=marks),
        **attribution.erase(session, subject, object_ids, users=users, everywhere=signed_up),
        **signups.erase(session, owner, users, marks),
        **referrals.erase(session, owner, users),
        **touchpoints.erase(session, subject, visits),
        **commissions.erase(session, subject, payment_ids, marks),
        **ledger.erase(session, subject, commissions.commissions_of(session, payment_ids)),
    }


def _erase_words(session: Session, subject: Subject, object_ids: list[str], payment_ids: list[UUID]) -> None:
    """Remove people's words from the outcomes of the person's payments and sales, and of the events about them."""
    credited_ids = commissions.payments_credited_to(session, subject.partner_ids)
    names = payments.erase_words(session, [*payment_ids, *credited_ids])
    stripe_events.erase_words(session, subject, [*object_ids, *names])


def _erase_partners(session: Session, subject: Subject, by: Cause) -> Mapping[str, int]:
    affiliates = partners.organizations_only_of(session, subject)
    return {
        **payouts.erase(session, subject, by),
        **partners.erase(session, subject),
        **people.erase(session, affiliates),
        **organizations.erase(session, subject, affiliates),
    }


def _refuse_open_balances(session: Session, subject: Subject) -> None:
    """Raises Conflict."""
    open_balances = _open_balances(session, subject)
    if open_balances:
        amounts = ", ".join(format_money(each.owed_cents, each.currency) for each in open_balances)
        message = f"{amounts} is not paid yet; pay it or write it off first, or erase with force"
        raise Conflict(message, code="balance_open")
    if payouts.under_way(session, subject):
        message = "a payout has not ended; confirm, fail or cancel it first, or erase with force"
        raise Conflict(message, code="balance_open")


def _open_balances(session: Session, subject: Subject) -> list[OpenBalance]:
    """What the partners have earned and not been paid; a debt is negative."""
    return [
        OpenBalance(
            partner_id=ids.encode(ids.PARTNER, balance.partner_id),
            livemode=livemode,
            currency=balance.figures.currency,
            owed_cents=balance.owed_minor,
        )
        for partner_id in sorted(subject.partner_ids)
        for livemode in (True, False)
        for balance in owed.balances(session, [subject.organization_id], livemode=livemode, partner_id=partner_id)
        if balance.owed_minor
    ]
