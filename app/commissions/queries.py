"""Finding conversions and commissions, newest first, by index and never by counting."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.orm import Session, aliased, defer

from app import ids
from app.bulk import among
from app.commissions.models import Commission, Conversion
from app.errors import NotFound
from app.immutable import immutable
from app.organizations.permissions import Caller
from app.paging import EVER, Columns, Page, Span, cut, no_row, owned_by, within
from app.partners.models import Partner
from app.partners.partner_side.enrollments import get_own_partner, require_access
from app.partners.validation import OPEN
from app.payments.models import Payment
from app.programs.models import Program

CommissionRow = Row[Commission, Conversion, Payment, str, str]
"""A commission with its conversion and payment, its program's name and its partner's code."""
ConversionRow = Row[Conversion, Commission, Payment, str]
"""A conversion that earns, with its level-0 commission, its payment and its partner's code."""


@immutable
class ListQuery:
    """The filter and the page of a list; either `starting_after` or `page` is given, not both."""

    limit: int
    livemode: bool
    page: int = 1
    starting_after: str | None = None
    status: str | None = None
    partner: Partner | None = None
    program_id: UUID | None = None
    paid: Span = EVER
    """When the customer paid."""


# Lists show no documents, and reading these takes as long as all other columns. Using one in a list is an error.
_NO_CALCULATION = defer(Commission.calculation, raiseload=True)
_NO_UPLINES = defer(Conversion.uplines, raiseload=True)
_NO_PAYMENT_DETAILS = tuple(
    defer(column, raiseload=True) for column in (Payment.base_details, Payment.outcome_details, Payment.email_marks)
)

_COMMISSIONS: Select[Commission, Conversion, Payment, str, str] = (
    select(Commission, Conversion, Payment, Program.name, Partner.slug)
    .join(Conversion, Conversion.id == Commission.conversion_id)
    .join(Payment, Payment.id == Conversion.payment_id)
    .join(Program, Program.id == Commission.program_id)
    .join(Partner, Partner.id == Commission.partner_id)
)
# A payment that was merged into another is in no list; the other payment is.
_UNMERGED_COMMISSIONS = _COMMISSIONS.where(Payment.merged_into_id.is_(None))

OwnRow = Row[Commission, Conversion | None, str, str]
"""A commission with its conversion, its program's name and its partner's code."""
OWN_COMMISSIONS: Select[Commission, Conversion | None, str, str] = (
    select(Commission, Conversion, Program.name, Partner.slug)
    .join(Program, Program.id == Commission.program_id)
    .join(Partner, Partner.id == Commission.partner_id)
    .outerjoin(Conversion, Conversion.id == Commission.conversion_id)
    .where(
        Partner.status.in_(OPEN),
        or_(
            Commission.amount_minor > 0,
            Commission.payable_minor != 0,
            Commission.paid_minor + Commission.fee_minor != 0,
        ),
    )
)

# If a payment turned out to be in another currency, it has a second commission beside the first.
_LEVEL_0 = and_(
    Commission.conversion_id == Conversion.id,
    Commission.partner_id == Conversion.partner_id,
    Commission.level == 0,
    Commission.currency == Payment.currency,
)

# Begins with the commissions, which have the indexes for lists: a conversion's level-0 commission is made with it, so
# both have the same order. OFFSET 0 keeps the planner from reading all conversions as well.
_each = select(Conversion).where(Conversion.id == Commission.conversion_id).offset(0).lateral()
_Each = aliased(Conversion, _each)
_LIVE_CONVERSIONS: Select[Conversion, Commission, Payment, str] = (
    select(_Each, Commission, Payment, Partner.slug)
    .select_from(Commission)
    .join(Partner, Partner.id == Commission.partner_id)
    .join(_each, and_(_Each.partner_id == Commission.partner_id, _Each.verdict == "earns"))
    .join(
        Payment,
        and_(
            Payment.id == _Each.payment_id,
            Payment.currency == Commission.currency,
            Payment.merged_into_id.is_(None),
        ),
    )
    .where(Commission.level == 0)
)


def list_commissions(session: Session, organization_ids: Sequence[UUID], query: ListQuery) -> Page[CommissionRow]:
    """A page of commissions. Raises InvalidRequest."""
    matching = _UNMERGED_COMMISSIONS.where(owned_by(Commission.organization_id, organization_ids))
    if query.program_id is not None:
        matching = matching.where(Commission.program_id == query.program_id)
    matching = matching.options(_NO_CALCULATION, _NO_UPLINES, *_NO_PAYMENT_DETAILS)
    return _page_of_commissions(session, matching, query)


def list_own_commissions(session: Session, query: ListQuery) -> Page[OwnRow]:
    """A page of commissions as partners see their own, in an affiliate's transaction.

    Without `query.partner` the commissions of every enrollment that the owner has not ended. The merchant's payments
    are not visible there, so commissions of merged payments, or of payments credited to another partner, are recognized
    by being worth nothing and owed nothing. An upline does not see the conversion of the partner below it. Raises
    InvalidRequest.
    """
    return _page_of_commissions(session, OWN_COMMISSIONS.options(_NO_CALCULATION, _NO_UPLINES), query)


def load_own_page(session: Session, caller: Caller, query: ListQuery, partner_id: str | None = None) -> Page[OwnRow]:
    """The caller's commissions in all its enrollments, or in that of `partner_id`. Raises NotFound, Forbidden."""
    if partner_id is None:
        require_access(session, caller)
    partner = None if partner_id is None else get_own_partner(session, caller, partner_id)
    return list_own_commissions(session, replace(query, partner=partner))


def _page_of_commissions(session: Session, matching: Select[*Columns], query: ListQuery) -> Page[Row[*Columns]]:
    matching = matching.where(Commission.livemode == query.livemode)
    if query.partner is not None:
        matching = matching.where(Commission.partner_id == query.partner.id)
    if query.status is not None:
        matching = matching.where(Commission.status == query.status)
    matching = within(matching, Commission.accrued_at, query.paid)
    page = cut(
        matching,
        Commission.id,
        ids.COMMISSION,
        limit=query.limit,
        starting_after=query.starting_after,
    )
    return Page.of(session.execute(page).all(), query.limit)


def list_conversions(session: Session, organization_ids: Sequence[UUID], query: ListQuery) -> Page[ConversionRow]:
    """A page of conversions that earn.

    `query.status` is the status of the commission. `query.starting_after` may also be the `cursor` of a page, the id of
    the commission, which stays valid when the conversion changes. Raises InvalidRequest.
    """
    matching = _LIVE_CONVERSIONS.where(
        owned_by(Commission.organization_id, organization_ids), Commission.livemode == query.livemode
    )
    if query.status is not None:
        matching = matching.where(Commission.status == query.status)
    if query.partner is not None:
        matching = matching.where(Commission.partner_id == query.partner.id)
    if query.program_id is not None:
        matching = matching.where(Commission.program_id == query.program_id)
    page = cut(
        within(matching, Commission.accrued_at, query.paid).options(_NO_CALCULATION, *_NO_PAYMENT_DETAILS),
        Commission.id,
        ids.COMMISSION,
        limit=query.limit,
        page=query.page,
        starting_after=_commission_of(session, query.starting_after),
    )
    listed = Page.of(session.execute(page).all(), query.limit)
    return replace(listed, cursor=ids.encode(ids.COMMISSION, listed.rows[-1][1].id)) if listed.rows else listed


def _commission_of(session: Session, conversion_id: str | None) -> str | None:
    """The public id of the commission beside which the list shows a conversion. Raises InvalidRequest."""
    if conversion_id is None or ids.decode(conversion_id, ids.COMMISSION) is not None:
        return conversion_id
    key = ids.decode(conversion_id, ids.CONVERSION)
    shown = select(Commission.id).select_from(Conversion).join(Payment, Payment.id == Conversion.payment_id)
    commission_id = session.scalar(shown.join(Commission, _LEVEL_0).where(Conversion.id == key))
    if commission_id is None:
        raise no_row(conversion_id)
    return ids.encode(ids.COMMISSION, commission_id)


def load_credited(session: Session, public_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """The partner that each of these payments is credited to, as `par_…` and code, by the payment's `pmt_…` id."""
    keys = [ids.decode(public_id, ids.PAYMENT) for public_id in public_ids]
    credited = select(Conversion.payment_id, Partner.id, Partner.slug).join(
        Partner, Partner.id == Conversion.partner_id
    )
    return {
        ids.encode(ids.PAYMENT, payment_id): (ids.encode(ids.PARTNER, partner_id), code)
        for payment_id, partner_id, code in session.execute(credited.where(Conversion.payment_id.in_(keys)))
    }


def get_affiliate(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, program_id: UUID | None = None
) -> Partner:
    """The partner with this `aff_…` or `par_…` id; with `program_id` only if it is enrolled there. Raises NotFound."""
    key = ids.decode(public_id, *ids.PARTNER_PREFIXES)
    partner = session.scalar(select(Partner).where(Partner.id == key, Partner.organization_id.in_(organization_ids)))
    if partner is None or program_id not in (None, partner.program_id):
        where = "" if program_id is None else " in this program"
        raise NotFound.of("affiliate", public_id, where=where, param="affiliate_id")
    return partner


def get_conversion(
    session: Session, organization_ids: Sequence[UUID], conversion_id: str, *, program_id: str | None = None
) -> Conversion:
    """The conversion with this public id; with `program_id` only if it is of that program. Raises NotFound."""
    query = select(Conversion).where(
        Conversion.id == ids.decode(conversion_id, ids.CONVERSION), Conversion.organization_id.in_(organization_ids)
    )
    if program_id is not None:
        query = query.where(Conversion.program_id == ids.decode(program_id, ids.PROGRAM))
    conversion = session.scalar(query)
    if conversion is None:
        raise NotFound.of("conversion", conversion_id)
    return conversion


def get_commission(session: Session, organization_ids: Sequence[UUID], public_id: str) -> CommissionRow:
    """One row of `list_commissions`. Raises NotFound."""
    query = _UNMERGED_COMMISSIONS.where(
        Commission.id == ids.decode(public_id, ids.COMMISSION), Commission.organization_id.in_(organization_ids)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound(f'there is no commission "{public_id}"', code="commission_not_found")
    return row


def load_commissions(
    session: Session, commission_ids: Collection[UUID]
) -> Sequence[Row[Commission, Conversion, Payment, str, str]]:
    """These commissions as `list_commissions` has them, read again, also those of merged payments."""
    matching = _COMMISSIONS.where(among(Commission.id, commission_ids))
    matching = matching.options(_NO_CALCULATION, _NO_UPLINES, *_NO_PAYMENT_DETAILS)
    return session.execute(matching.execution_options(populate_existing=True)).all() if commission_ids else []


def conversion_named(session: Session, organization_ids: Sequence[UUID], public_id: str) -> Conversion:
    """The conversion with this `cnv_…` id, or that of the commission with this `com_…` id. Raises NotFound."""
    if ids.decode(public_id, ids.COMMISSION) is not None:
        return get_commission(session, organization_ids, public_id)[1]
    return get_conversion(session, organization_ids, public_id)


def with_commission(session: Session, conversion: Conversion) -> tuple[Conversion, Commission | None, Payment, str]:
    """The conversion with its payment, its partner's code, and its level-0 commission, if it ever had one."""
    [row] = load_with_commissions(session, [conversion.id])
    return row[0], row[1], row[2], row[3]


def load_with_commissions(
    session: Session, conversion_ids: Collection[UUID]
) -> Sequence[Row[Conversion, Commission, Payment, str]]:
    """The same for each of these conversions, read again; no Commission where there never was one."""
    joined = (
        select(Conversion, Commission, Payment, Partner.slug)
        .join(Payment, Payment.id == Conversion.payment_id)
        .join(Partner, Partner.id == Conversion.partner_id)
        .outerjoin(Commission, _LEVEL_0)
        .where(among(Conversion.id, conversion_ids))
    )
    return session.execute(joined.execution_options(populate_existing=True)).all() if conversion_ids else []


def net_minor(commission: Commission | None) -> int:
    """The commission net of reversals: the sum of its position over all accounts, the platform fee included."""
    if commission is None:
        return 0
    return (
        commission.accrued_minor
        + commission.payable_minor
        + commission.clearing_minor
        + commission.paid_minor
        + commission.fee_minor
    )
