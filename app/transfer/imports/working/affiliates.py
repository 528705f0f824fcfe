"""Enrolls affiliates as partners, gives known ones their codes, and finds the affiliate that a row names."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.errors import RequestError
from app.partners import enrollment
from app.partners.managing import commands
from app.partners.models import Partner, PartnerCode
from app.partners.validation import Status, fold_code
from app.transfer.imports.models import ImportedAffiliate
from app.transfer.imports.reading.refusals import RowRefused
from app.transfer.imports.reading.rows import AffiliateRow, Reference
from app.transfer.imports.working.context import Became, Context

ENROLLED_AS: Final[Status] = "active"
"""The status of an affiliate whose list has none."""


def apply(context: Context, row: AffiliateRow) -> tuple[Partner, Became, Sequence[RowRefused]]:
    """Enroll the affiliate, or complete the partner that has its id or address; never changes what a partner has.

    Returns:
        The partner, what became of it, and what of the row was refused: codes of other partners, addresses.

    Raises:
        RowRefused: `erased`, `self_referral`, `refused`.
    """
    context.refuse_erased(row.email)
    refused = list(row.refused)
    partner = _by_source(context, row.source_id) or _by_email(context, row.email)
    became: Became = "created"
    if partner is None:
        codes = _free_codes(context, row.codes, None, refused)
        partner = _enroll(context, row, codes, refused)
    else:
        codes = _free_codes(context, row.codes, partner, refused)
        added = [code for code in codes if commands.add_code(context.session, context.actor, partner, code)]
        became = "completed" if added else "unchanged"
    _link(context, row.source_id, partner)
    return partner, became, refused


def find(context: Context, named: Reference) -> Partner:
    """The partner that a row names by the affiliate's former id, address or code.

    Raises:
        RowRefused: `affiliate_unknown`: no partner of the program has them; `affiliate_differs`: different ones have.
    """
    candidates = (
        _by_source(context, named.source_id),
        _by_email(context, named.email),
        *(_by_code(context, code) for code in named.codes),
        _by_any(context, named.any),
    )
    found = {partner.id: partner for partner in candidates if partner is not None}
    if not found:
        raise RowRefused("affiliate_unknown")
    if len(found) > 1:
        raise RowRefused("affiliate_differs", codes=", ".join(sorted(partner.slug for partner in found.values())))
    return next(iter(found.values()))


def _enroll(context: Context, row: AffiliateRow, codes: Sequence[str], refused: list[RowRefused]) -> Partner:
    session, actor = context.session, context.actor
    names: dict[str, Any] = {"first_name": row.first_name, "last_name": row.last_name}
    slug = codes[0] if codes else None
    try:
        commands.add(session, actor, context.program, email=row.email, slug=slug, **names)
    except RequestError as problem:
        if problem.code == "self_referral":
            raise RowRefused("self_referral", "affiliate_email") from None
        raise RowRefused("refused", "affiliate_email", reason=problem.code) from None
    partner = session.scalars(select(Partner).where(*enrollment.owns_address(context.program.id, row.email))).one()
    for code in codes[1:]:
        commands.add_code(session, actor, partner, code)
    if row.paypal_email is not None:
        _pay_by_paypal(context, partner, row.paypal_email, refused)
    _set_status(context, partner, row.status or ENROLLED_AS)
    return partner


def _set_status(context: Context, partner: Partner, status: Status) -> None:
    session, actor = context.session, context.actor
    if status == "active":
        commands.move(session, actor, partner, "approve")
    elif status == "paused":
        commands.move(session, actor, partner, "pause")
    elif status == "banned":
        commands.move(session, actor, partner, "ban")
    elif status == "deactivated":
        commands.deactivate(session, actor, partner)


def _pay_by_paypal(context: Context, partner: Partner, address: str, refused: list[RowRefused]) -> None:
    changes = {"payout_method": "paypal", "payout_email": address}
    try:
        with context.session.begin_nested():
            commands.change(context.session, context.actor, partner, changes)
    except RequestError as problem:
        refused.append(RowRefused("refused", "affiliate_paypal_email", reason=problem.code))


def _free_codes(
    context: Context, codes: Sequence[str], partner: Partner | None, refused: list[RowRefused]
) -> list[str]:
    """Those of the codes that no other partner has; the others are added to `refused`."""
    owner_id = context.program.organization_id
    chosen = select(PartnerCode).where(PartnerCode.organization_id == owner_id, PartnerCode.code.in_(codes))
    having = {row.code: row.partner_id for row in context.session.scalars(chosen)}
    taken = {code for code, partner_id in having.items() if partner is None or partner_id != partner.id}
    refused += [RowRefused("code_taken", "affiliate_code", code) for code in codes if code in taken]
    return [code for code in codes if code not in taken]


def _by_source(context: Context, source_id: str | None) -> Partner | None:
    if source_id is None:
        return None
    linked = select(ImportedAffiliate.partner_id).where(
        ImportedAffiliate.program_id == context.program.id,
        ImportedAffiliate.tool == context.job.tool,
        ImportedAffiliate.source_id == source_id,
    )
    return _partner(context, context.session.scalar(linked))


def _by_email(context: Context, email: str | None) -> Partner | None:
    if email is None:
        return None
    owners = select(Partner).where(*enrollment.owns_address(context.program.id, email))
    return context.session.scalars(owners).one_or_none()


def _by_code(context: Context, code: str) -> Partner | None:
    having = select(PartnerCode.partner_id).where(
        PartnerCode.organization_id == context.program.organization_id, PartnerCode.code == code
    )
    partner = _partner(context, context.session.scalar(having))
    return partner if partner is not None and partner.program_id == context.program.id else None


def _by_any(context: Context, text: str | None) -> Partner | None:
    if text is None:
        return None
    if "@" in text:
        return _by_email(context, text.lower())
    return _by_source(context, text) or _by_code(context, fold_code(text))


def _partner(context: Context, partner_id: UUID | None) -> Partner | None:
    return None if partner_id is None else context.session.get(Partner, partner_id)


def _link(context: Context, source_id: str | None, partner: Partner) -> None:
    """Store which partner the affiliate's former id is; an id that is stored already stays."""
    if source_id is None:
        return
    row = {
        "program_id": context.program.id,
        "tool": context.job.tool,
        "source_id": source_id,
        "organization_id": context.program.organization_id,
        "partner_id": partner.id,
        "import_id": context.job.id,
    }
    context.session.execute(insert(ImportedAffiliate).values(row).on_conflict_do_nothing())
