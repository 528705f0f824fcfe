"""Finding a partner by id, code or address, and listing partners by status and search text."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.paging import EVER, Page, Span, load_page, owned_by, within
from app.partners.models import Partner, PartnerCode

MAX_CODES: Final = 5


def get_partner(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> Partner:
    """The partner with this `par_…` or `aff_…` id, owned by one of these organizations. Raises NotFound.

    `to_change` locks its row, so that two concurrent changes do not both start from the same state.
    """
    key = ids.decode(public_id, *ids.PARTNER_PREFIXES)
    matching = select(Partner).where(Partner.id == key, Partner.organization_id.in_(organization_ids))
    partner = session.scalar(matching.with_for_update() if to_change else matching)
    if partner is None:
        raise NotFound.of("partner", public_id)
    return partner


def find_named(
    session: Session,
    organization_ids: Sequence[UUID],
    named: str,
    *,
    program_id: UUID | None = None,
    to_change: bool = True,
) -> Partner:
    """The partner of these organizations with this id, current or former code, or e-mail address.

    Its row is locked unless `to_change` is false.

    Raises:
        NotFound: no partner has it.
        InvalidRequest: partners of several programs have it, and no `program_id` is given.
    """
    matching = select(Partner).where(Partner.organization_id.in_(organization_ids), _is_named(named))
    if program_id is not None:
        matching = matching.where(Partner.program_id == program_id)
    ordered = matching.order_by(Partner.id)
    partners = session.scalars(ordered.with_for_update() if to_change else ordered).all()
    if not partners:
        reason = explain_unconfirmed(session, organization_ids, named)
        message = reason or f'no partner has the id, code or e-mail address "{named}"'
        raise NotFound(message, code="partner_not_found", param="partner")
    if len(partners) > 1:
        partner_ids = ", ".join(ids.encode(ids.PARTNER, partner.id) for partner in partners)
        raise InvalidRequest(f'"{named}" is a partner in several programs; give an id: {partner_ids}', param="partner")
    return partners[0]


def explain_unconfirmed(session: Session, organization_ids: Sequence[UUID], named: str) -> str | None:
    """A message with the codes of the partners that signed up with this address and have not confirmed it.

    None if `named` is no such address.
    """
    signed_up = select(Partner.slug).where(
        Partner.organization_id.in_(organization_ids),
        Partner.email == named.strip().lower(),
        Partner.email_state == "unconfirmed",
    )
    codes = session.scalars(signed_up.order_by(Partner.id).limit(MAX_CODES)).all()
    if not codes:
        return None
    return f'"{named}" was given at sign-up and is unconfirmed; name the partner by its code: {", ".join(codes)}'


def list_named(session: Session, organization_ids: Sequence[UUID], named: str) -> Sequence[Partner]:
    """All partners of these organizations with this id, code or e-mail address, oldest first, not locked."""
    matching = select(Partner).where(Partner.organization_id.in_(organization_ids), _is_named(named))
    return session.scalars(matching.order_by(Partner.id)).all()


def list_partners(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
    statuses: Collection[str] | None = None,
    search: str | None = None,
    added: Span = EVER,
) -> Page[Partner]:
    """A page of partners, newest first.

    Args:
        session: reads the partners.
        organization_ids: the owners.
        limit: partners on a page.
        page: the first is 1.
        starting_after: a partner's public id.
        statuses: stored statuses; None: all.
        search: part of an e-mail, a name or a slug.
        added: the period in which the partners were created.

    Raises:
        InvalidRequest: `starting_after` is not the id of a partner.
    """
    return load_page(
        session,
        _matching(organization_ids, statuses, search, added),
        Partner.id,
        *ids.PARTNER_PREFIXES,
        limit=limit,
        page=page,
        starting_after=starting_after,
    )


def list_ids(session: Session, program_id: UUID, *, limit: int, starting_after: str | None = None) -> Page[UUID]:
    """A page of the ids of a program's partners, newest first, with its `cursor`. Raises InvalidRequest."""
    of_program = select(Partner.id).where(Partner.program_id == program_id)
    page = load_page(session, of_program, Partner.id, *ids.PARTNER_PREFIXES, limit=limit, starting_after=starting_after)
    return replace(page, cursor=ids.encode(ids.PARTNER, page.rows[-1])) if page.rows else page


def count_partners(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    statuses: Collection[str] | None = None,
    search: str | None = None,
    added: Span = EVER,
) -> int:
    """How many partners are on all pages of `list_partners`."""
    matching = _matching(organization_ids, statuses, search, added)
    return session.scalar(select(func.count()).select_from(matching.subquery())) or 0


def _matching(
    organization_ids: Sequence[UUID], statuses: Collection[str] | None, search: str | None, added: Span
) -> Select[Partner]:
    matching = select(Partner).where(owned_by(Partner.organization_id, organization_ids))
    if statuses is not None:
        matching = matching.where(Partner.status.in_(statuses))
    if search:
        matching = matching.where(_mentions(search))
    return within(matching, Partner.created_at, added)


def _is_named(named: str) -> ColumnElement[bool]:
    """SQL condition: the partner has this id, current or former code, or (not unconfirmed) address."""
    key = ids.decode(named, *ids.PARTNER_PREFIXES)
    if key is not None:
        return Partner.id == key
    folded = named.strip().lower()
    with_code = select(PartnerCode.partner_id).where(PartnerCode.code == folded)
    return or_(Partner.id.in_(with_code), and_(Partner.email == folded, Partner.email_state != "unconfirmed"))


def _mentions(words: str) -> ColumnElement[bool]:
    name = func.concat_ws(" ", Partner.first_name, Partner.last_name)
    return or_(*(column.icontains(words.strip(), autoescape=True) for column in (Partner.email, Partner.slug, name)))
