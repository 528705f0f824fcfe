"""The explanation of a payment, loaded with a few queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import ids
from app.attribution.carriers import PROMOTION_CODE
from app.attribution.models import Attribution
from app.commissions.models import Commission, Conversion, Decision
from app.commissions.queries import net_minor
from app.explanations import search
from app.explanations.payment_sentences import sentences_of, summary_of
from app.explanations.returns import notes_of
from app.explanations.views import (
    AttributionNote,
    CommissionNote,
    ConversionNote,
    DecisionNote,
    EntryNote,
    PaymentExplanation,
    PostingNote,
    RivalNote,
    SnapshotNote,
    TermsNote,
)
from app.ledger.entries import WITH_REASON
from app.partners.models import Partner, Snapshot
from app.partners.queries import nearest
from app.payments import payment_objects
from app.payments.facts import Kind
from app.payments.models import Payment
from app.payments.queries import UNATTRIBUTED
from app.payments.views import payment_body
from app.programs.models import Program, Terms
from app.sentences import calculations
from app.sentences.say import say
from app.stripe_events.queries import events_about
from app.stripe_events.scope import Scope
from app.stripe_events.views import event_body
from app.times import UTC_NAME


def of_payment(session: Session, payment: Payment, only: UUID | None = None) -> PaymentExplanation:
    """The explanation of the payment; with `only`, it has only that commission."""
    scope = Scope.of(payment)
    own = payment_objects.payment_objects_of(session, scope, payment.key.partition(":")[2])
    conversion = session.scalar(select(Conversion).where(Conversion.payment_id == payment.id))
    program = session.get_one(Program, conversion.program_id) if conversion else None
    zone = program.time_zone if program else UTC_NAME
    credit = session.get_one(Attribution, conversion.attribution_id) if conversion else None
    commissions = _commissions(session, conversion, only, zone) if conversion else []
    events = events_about(session, scope, [stored.id for stored in own])
    explained = PaymentExplanation(
        summary="",
        sentences=[],
        time_zone=zone,
        payment=payment_body(payment),
        base=payment.base_details,
        events=[event_body(event) for event in events],
        refunds=notes_of(own, Kind.REFUND, Kind.REPORTED_REFUND),
        disputes=notes_of(own, Kind.DISPUTE),
        credit_notes=notes_of(own, Kind.CREDIT_NOTE),
        warnings=notes_of(own, Kind.WARNING),
        hold=payment.hold or None,
        held_until=payment.held_until if payment.hold else None,
        attribution=attribution_note(session, credit) if credit else None,
        conversion=_conversion(conversion, program) if conversion and program else None,
        decisions=_decisions(session, payment),
        commissions=commissions,
        searched=search.places_of(session, scope, payment, own) if _is_uncredited(payment) else [],
        nearest_code=_nearest_code(session, payment),
        merged_into=payment.outcome_details.get("merged_into"),
    )
    return explained.model_copy(update={"summary": summary_of(explained), "sentences": sentences_of(explained)})


def _is_uncredited(payment: Payment) -> bool:
    """Whether the search for a partner's name found none: False if a person decided that, and for a report."""
    is_by_hand = "by_hand" in payment.outcome_details
    return payment.outcome in UNATTRIBUTED and not is_by_hand and payment.base_minor > 0


def _nearest_code(session: Session, payment: Payment) -> str | None:
    """The known code most similar to the payment's unknown code."""
    if payment.outcome != "unknown_code":
        return None
    return nearest.nearest_code(session, [payment.organization_id], str(payment.outcome_details["code"]))


def _decisions(session: Session, payment: Payment) -> list[DecisionNote]:
    """The decisions about it and about payments merged into it, oldest first."""
    same = session.scalars(select(Payment.id).where(Payment.merged_into_id == payment.id)).all()
    rows = session.scalars(
        select(Decision).where(Decision.payment_id.in_([payment.id, *same])).order_by(Decision.decided_at, Decision.id)
    )
    return [
        DecisionNote(
            verdict=decision.verdict,
            decided_by=decision.decided_by,
            reason=decision.reason,
            is_forced=decision.is_forced,
            decided_at=decision.decided_at,
        )
        for decision in rows
    ]


def attribution_note(session: Session, attribution: Attribution) -> AttributionNote:
    """An attribution with the code of the partner it credits, and of its rival. Expects that it names a partner."""
    partner = session.get_one(Partner, attribution.partner_id)
    return AttributionNote(
        id=ids.encode(ids.ATTRIBUTION, attribution.id),
        partner_id=ids.encode(ids.PARTNER, partner.id),
        partner_code=partner.slug,
        subject=attribution.subject,
        carrier=attribution.carrier,
        carrier_text=say(f"carrier.{attribution.carrier}"),
        name=attribution.name,
        field_path=attribution.field_path,
        object_id=attribution.object_id,
        event_id=attribution.stripe_event_id,
        session_id=attribution.session_id or None,
        touchpoint_id=ids.encode(ids.TOUCHPOINT, attribution.touchpoint_id) if attribution.touchpoint_id else None,
        evident_at=attribution.evident_at,
        bound_at=attribution.bound_at,
        decided_by=attribution.decided_by or None,
        decided_because=attribution.reason or None,
        rival=_rival(session, attribution, attribution.rival) if attribution.rival else None,
    )


def _rival(session: Session, attribution: Attribution, rival: Mapping[str, Any]) -> RivalNote:
    is_coupon_first = attribution.carrier == PROMOTION_CODE
    return RivalNote(
        **rival,
        partner_code=session.get_one(Partner, ids.decode(rival["partner_id"], ids.PARTNER)).slug,
        carrier_text=say(f"carrier.{rival['carrier']}"),
        coupon_precedence="coupon" if is_coupon_first else "link",
    )


def _conversion(conversion: Conversion, program: Program) -> ConversionNote:
    return ConversionNote(
        id=ids.encode(ids.CONVERSION, conversion.id),
        program_id=ids.encode(ids.PROGRAM, program.id),
        program_name=program.name,
        partner_id=ids.encode(ids.PARTNER, conversion.partner_id),
        verdict=conversion.verdict,
    )


def _commissions(session: Session, conversion: Conversion, only: UUID | None, zone: str) -> list[CommissionNote]:
    query = (
        select(Commission, Partner.slug, Snapshot, Terms)
        .join(Partner, Partner.id == Commission.partner_id)
        .join(Snapshot, Snapshot.id == Commission.snapshot_id)
        .join(Terms, Terms.id == Commission.terms_id)
        .where(Commission.conversion_id == conversion.id)
        .order_by(Commission.level, Commission.id)
    )
    if only is not None:
        query = query.where(Commission.id == only)
    rows = session.execute(query).all()
    entries = entries_of(session, [row[0].id for row in rows], zone=zone)
    return [_commission(*row, entries[row[0].id]) for row in rows]


def _commission(
    commission: Commission, code: str, snapshot: Snapshot, terms: Terms, entries: list[EntryNote]
) -> CommissionNote:
    return CommissionNote(
        id=ids.encode(ids.COMMISSION, commission.id),
        partner_id=ids.encode(ids.PARTNER, commission.partner_id),
        partner_code=code,
        level=commission.level,
        cycle=commission.cycle,
        status=commission.status,
        currency=commission.currency,
        base_minor=commission.base_minor,
        rate_bps=commission.rate_bps,
        amount_minor=commission.amount_minor,
        net_minor=net_minor(commission),
        calculation=commission.calculation,
        holdback_days=commission.holdback_days,
        accrued_at=commission.accrued_at,
        mature_at=commission.mature_at,
        approved_at=commission.approved_at,
        approval_posted_at=max((entry.created_at for entry in entries if entry.kind == "approval"), default=None),
        snapshot=snapshot_note(snapshot),
        terms=TermsNote(
            id=ids.encode(ids.TERMS, terms.id),
            version=terms.version,
            commission=terms.commission,
            commission_base=terms.commission_base,
            holdback_days=terms.holdback_days,
        ),
        entries=entries,
    )


def snapshot_note(snapshot: Snapshot) -> SnapshotNote:
    """The terms stamped onto a partner."""
    return SnapshotNote(
        id=ids.encode(ids.SNAPSHOT, snapshot.id),
        source=snapshot.source,
        commission=snapshot.commission,
        is_override=snapshot.is_override,
        effective_from=snapshot.effective_from,
    )


# Every posting of these commissions, entry by entry. Entries of a commission are posted while it is locked, so their
# ids are in the order of posting.
_ENTRIES = text(f"""
    SELECT posting.commission_id, entry.id, entry.kind, entry.cause, {WITH_REASON} AS details, entry.occurred_at,
           entry.created_at, account.kind AS account, posting.amount_minor, posting.currency
    FROM postings AS posting
    JOIN journal_entries AS entry ON entry.id = posting.entry_id
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE posting.commission_id = ANY (:commission_ids)
      AND (CAST(:cause AS text) IS NULL OR entry.cause = :cause)
    ORDER BY posting.commission_id, entry.id, posting.line
""")


def entries_of(
    session: Session, commission_ids: Sequence[UUID], *, cause: str | None = None, zone: str = UTC_NAME
) -> dict[UUID, list[EntryNote]]:
    """The entries of each commission, oldest first; with `cause`, only its entries.

    Days in their reasons are in the time zone `zone`, an IANA name.
    """
    found: dict[UUID, list[EntryNote]] = defaultdict(list)
    rows = session.execute(_ENTRIES, {"commission_ids": list(commission_ids), "cause": cause})
    for (commission_id, entry_id), postings in groupby(rows, key=lambda row: (row.commission_id, row.id)):
        lines = list(postings)
        entry = lines[0]
        note = EntryNote(
            id=str(entry_id),
            kind=entry.kind,
            cause=entry.cause,
            reason=calculations.reason(entry.details, entry.currency, zone),
            occurred_at=entry.occurred_at,
            created_at=entry.created_at,
            details=entry.details,
            postings=[
                PostingNote(account=line.account, amount_minor=line.amount_minor, currency=line.currency)
                for line in lines
            ],
        )
        found[commission_id].append(note)
    return found
