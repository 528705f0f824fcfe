"""The cast of the tests: a merchant with one program, and its partners Ada, Ben and Dan. Cleo buys."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.organizations.models import Organization
from app.partners.models import Partner, PartnerCode, Program, Snapshot, Terms

RATE_BPS = 2000
HOLDBACK_DAYS = 30
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Merchant:
    """An organization with an active default program: 20 %, 30 days holdback, in US dollars."""

    organization_id: UUID
    program_id: UUID
    terms_id: UUID
    partners: dict[str, UUID] = field(default_factory=dict)
    """Partner ids by code."""


def open_merchant(session: Session, name: str = "Shop", *, rate_bps: int = RATE_BPS) -> Merchant:
    """A merchant without partners."""
    merchant = Merchant(ids.new(), ids.new(), ids.new())
    owner = {"organization_id": merchant.organization_id}
    session.add(Organization(id=merchant.organization_id, name=name, email="shop@example.com"))
    session.flush()
    session.add(
        Program(id=merchant.program_id, name="Friends", status="active", currency="usd", is_default=True, **owner)
    )
    session.flush()
    commission = {"type": "percentage", "bps": rate_bps}
    session.add(
        Terms(
            id=merchant.terms_id,
            program_id=merchant.program_id,
            version=1,
            commission=commission,
            holdback_days=HOLDBACK_DAYS,
            **owner,
        )
    )
    session.flush()
    return merchant


def enroll(
    session: Session, merchant: Merchant, code: str, *, status: str = "active", rate_bps: int = RATE_BPS
) -> UUID:
    """A partner of the merchant's program, its code and its snapshot of the terms."""
    partner_id = ids.new()
    owner = {"organization_id": merchant.organization_id}
    session.add(
        Partner(
            id=partner_id,
            program_id=merchant.program_id,
            email=f"{code}@partners.example",
            first_name=code.capitalize(),
            slug=code,
            status=status,
            activated_at=LONG_AGO if status == "active" else None,
            **owner,
        )
    )
    session.flush()
    session.add(PartnerCode(code=code, partner_id=partner_id, **owner))
    session.add(
        Snapshot(
            id=ids.new(),
            partner_id=partner_id,
            terms_id=merchant.terms_id,
            commission={"type": "percentage", "bps": rate_bps},
            source="approval",
            effective_from=LONG_AGO,
            **owner,
        )
    )
    session.flush()
    merchant.partners[code] = partner_id
    return partner_id
