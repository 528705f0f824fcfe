"""The cast of the tests: a merchant with one program, and its partners Ada, Ben and Dan. Cleo buys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import db, ids
from app.config import Settings
from app.organizations.models import Organization
from app.partners import enrollment, tree
from app.partners.models import Partner
from app.partners.validation import Status
from app.programs import programs, terms
from app.programs.models import Program
from app.stripe_events.endpoints.rows import insert_endpoint
from app.stripe_events.endpoints.rows import set_api_key as set_endpoint_key

RATE_BPS = 2000
HOLDBACK_DAYS = 30
PERCENTAGE: Mapping[str, Any] = {"type": "percentage", "bps": RATE_BPS}


@dataclass(frozen=True)
class Merchant:
    """An organization with an active default program: 20 %, 30 days holdback, in US dollars."""

    organization_id: UUID
    program_id: UUID
    partners: dict[str, UUID] = field(default_factory=dict)
    """Partner ids by code."""


def open_merchant(
    session: Session,
    name: str = "Shop",
    *,
    commission: Mapping[str, Any] = PERCENTAGE,
    holdback_days: int | None = HOLDBACK_DAYS,
) -> Merchant:
    """A merchant without partners."""
    organization = Organization(id=ids.new(), kind="merchant", name=name, email="shop@example.com")
    session.add(organization)
    session.flush()
    program = programs.create_program(
        session,
        organization.id,
        name="Friends",
        commission=commission,
        holdback_days=holdback_days,
        status="active",
        is_default=True,
    )
    return Merchant(organization.id, program.id)


def open_endpoint(organization_id: UUID, settings: Settings, *secrets: str, livemode: bool = False) -> str:
    """Another webhook endpoint of the organization with these signing secrets; gives its path."""
    with db.transaction() as session:
        endpoint = insert_endpoint(session, organization_id, livemode=livemode, secrets=secrets, settings=settings)
        return f"/webhooks/stripe/{ids.encode(ids.STRIPE_ENDPOINT, endpoint.id)}"


def set_api_key(organization_id: UUID, key: str, settings: Settings) -> None:
    """Give the organization an endpoint for test events that has this Stripe API key; the newest one is used."""
    with db.transaction() as session:
        endpoint = insert_endpoint(session, organization_id, livemode=False, secrets=[], settings=settings)
        set_endpoint_key(endpoint, key, settings)


def open_program(session: Session, merchant: Merchant, name: str = "Agencies") -> UUID:
    """Another active program of the merchant's, on the same terms."""
    program = programs.create_program(
        session, merchant.organization_id, name=name, commission=PERCENTAGE, status="active"
    )
    return program.id


def count_outside_money(merchant: Merchant) -> None:
    """Let the merchant's program pay on what was paid outside Stripe, too."""
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).include_out_of_band = True


def enroll(
    session: Session,
    merchant: Merchant,
    code: str,
    *,
    status: Status = "active",
    rate_bps: int | None = None,
) -> UUID:
    """A partner of the merchant's program, at the program's rate or one of its own."""
    program = session.get_one(Program, merchant.program_id)
    own = {"type": "percentage", "bps": rate_bps} if rate_bps is not None else None
    email = f"{code}@partners.example"
    partner = enrollment.create_partner(
        session, program, email=email, slug=code, commission=own, first_name=code.capitalize()
    )
    enrollment.change_status(session, partner, "active")
    enrollment.change_status(session, partner, status)
    merchant.partners[code] = partner.id
    return partner.id


def open_ladder(
    session: Session, merchant: Merchant, rates_bps: Mapping[int, int], *, commission: Mapping[str, Any] = PERCENTAGE
) -> None:
    """New terms for the program with a ladder: the uplines of partners enrolled from now on earn its rates."""
    program = session.get_one(Program, merchant.program_id)
    program.multi_level_enabled = True
    rungs = [{"level": level, "bps": bps} for level, bps in rates_bps.items()]
    terms.add_terms(session, program, commission=commission, holdback_days=HOLDBACK_DAYS, multi_level=rungs)


def place_under(session: Session, merchant: Merchant, code: str, parent: str | None) -> None:
    """Put a partner under another; None: under no partner."""
    above = session.get_one(Partner, merchant.partners[parent]) if parent else None
    tree.set_parent(session, session.get_one(Partner, merchant.partners[code]), above)


def change_status(session: Session, merchant: Merchant, code: str, status: Status) -> None:
    """Pause a partner, or let it back in."""
    enrollment.change_status(session, session.get_one(Partner, merchant.partners[code]), status)
