"""What a run is asked for: whom and what it is limited to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.errors import InvalidRequest, NotFound
from app.immutable import immutable
from app.partners.models import Partner
from app.partners.payout_methods.destinations.fields import METHODS
from app.partners.queries import listing
from app.payouts.reserving.payables import Selection
from app.programs.models import Program
from app.programs.validation import valid_currency
from app.views import instant_text

LISTS: Final = ("partner_ids", "exclude_partner_ids", "currencies", "methods")


@immutable
class RunRequest:
    """A request as it was sent; empty conditions are met by all partners, currencies and methods."""

    cutoff_at: datetime | None = None
    partner_ids: Sequence[str] = ()
    exclude_partner_ids: Sequence[str] = ()
    currencies: Sequence[str] = ()
    methods: Sequence[str] = ()
    preview_token: str | None = None


def stored_form(asked: RunRequest) -> dict[str, Any]:
    """The request as it is stored with a run, normalized, without the time and the token.

    Raises:
        InvalidRequest: names the field.
    """
    for method in asked.methods:
        if method not in METHODS:
            raise InvalidRequest(f"methods must be among {', '.join(METHODS)}", param="methods")
    currencies = [valid_currency(currency, param="currencies") for currency in asked.currencies]
    values: dict[str, Sequence[str]] = {
        "partner_ids": asked.partner_ids,
        "exclude_partner_ids": asked.exclude_partner_ids,
        "currencies": currencies,
        "methods": asked.methods,
    }
    return {name: sorted(set(values[name])) for name in LISTS}


def partner_ids_of(session: Session, program: Program, named: Iterable[str]) -> list[str]:
    """The `par_…` ids of the program's partners that people name by id, code or e-mail address.

    Raises:
        NotFound: the program has no such partner.
    """
    owners = (program.organization_id,)
    found = (listing.find_named(session, owners, one, program_id=program.id, to_change=False) for one in named)
    return [ids.encode(ids.PARTNER, partner.id) for partner in found]


def selection_of(
    session: Session, program: Program, request: Mapping[str, Any], cutoff_at: datetime, *, livemode: bool
) -> Selection:
    """The selection of a stored request.

    Raises:
        NotFound: a partner is not one of the program.
    """
    return Selection(
        program_id=program.id,
        livemode=livemode,
        cutoff_at=cutoff_at,
        partner_ids=_partners(session, program, request, "partner_ids"),
        exclude_partner_ids=_partners(session, program, request, "exclude_partner_ids"),
        currencies=tuple(request["currencies"]),
        methods=tuple(request["methods"]),
    )


def cutoff_of(asked: RunRequest, now: datetime) -> datetime:
    """The cut-off of a request, by default `now`. Raises InvalidRequest if it is in the future."""
    if asked.cutoff_at is not None and asked.cutoff_at > now:
        message = f"cutoff_at must not be in the future; {instant_text(now)} is now"
        raise InvalidRequest(message, param="cutoff_at")
    return (asked.cutoff_at or now).astimezone(UTC)


def _partners(session: Session, program: Program, request: Mapping[str, Any], name: str) -> tuple[UUID, ...]:
    named = {public_id: ids.decode(public_id, *ids.PARTNER_PREFIXES) for public_id in request[name]}
    keys = [key for key in named.values() if key is not None]
    known = set(
        session.scalars(select(Partner.id).where(among(Partner.id, keys), Partner.program_id == program.id))
        if keys
        else ()
    )
    for public_id, key in named.items():
        if key not in known:
            raise NotFound.of("partner", public_id, where=" in this program", param=name)
    return tuple(sorted(known))
