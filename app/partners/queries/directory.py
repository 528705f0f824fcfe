"""Directory of partners by code or id, with their programs and snapshots, as attribution and commissions need them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.immutable import immutable
from app.partners.joining import addresses
from app.programs.shapes import Commission, shape_of

STRIPE_SIGNALS: Final[Mapping[str, str]] = MappingProxyType({"payment": ""})
"""The signals of a payment that comes from Stripe: it counts for kind payment, not for event or entitlement."""


@immutable
class SnapshotTerms:
    """A snapshot with the terms version behind it."""

    id: UUID
    terms_id: UUID
    terms_version: int
    commission: Commission
    commission_base: str
    holdback_days: int | None
    """The snapshot's holdback, else that of its terms; None: no automatic approval."""
    applies_to: str
    effective_from: datetime
    multi_level: Sequence[Mapping[str, Any]] = ()
    """The multi-level ladder of the terms, `[{"level": 1, "bps": 500}]`."""


@immutable
class Enrollment:
    """A partner, the settings of its program that decide what it earns, and its snapshots, earliest first."""

    partner_id: UUID
    partner_organization_id: UUID | None
    status: str
    status_changed_at: datetime
    program_id: UUID
    program_status: str
    program_currency: str
    conversion_kind: str
    conversion_event_name: str | None
    conversion_entitlement_id: str | None
    attribution_window_days: int
    attribution_model: str
    """`first_touch` or `last_touch`."""
    include_out_of_band: bool
    multi_level_enabled: bool
    auto_approve: bool
    allow_self_referral: bool
    is_owners_own: bool
    """Whether the partner's organization is the program's owner."""
    email_mark: str
    """Mark of the partner's address, to detect self-referral by a customer; "" if the program allows that."""
    snapshots: tuple[SnapshotTerms, ...]
    live_cutoff_at: datetime | None = None
    """Live payments made before it earn nothing in the program; None: all of them earn."""
    test_cutoff_at: datetime | None = None
    """As `live_cutoff_at`, for test payments."""
    coupon_precedence: str = "link"
    """`link` or `coupon`: which one counts where a link and a promotion of this partner name different partners."""

    def verdict(self, signals: Mapping[str, str] = STRIPE_SIGNALS) -> str:
        """`earns`, or the outcome code that says why a payment, settled now, would earn the partner nothing.

        Args:
            signals: the payment's signals by conversion kind: `{"payment": "", "event": "signup"}`; without them, a
                payment from Stripe is meant.
        """
        if self.status != "active" or not self.snapshots:
            return "partner_inactive"
        if self.program_status != "active":
            return "program_inactive"
        if self.is_owners_own and not self.allow_self_referral:
            return "self_referral"
        return "earns" if self.qualifies(signals) else "kind_mismatch"

    def qualifies(self, signals: Mapping[str, str]) -> bool:
        """Whether a payment with these signals counts for the program."""
        expected = {"payment": "", "event": self.conversion_event_name, "entitlement": self.conversion_entitlement_id}
        signal = expected[self.conversion_kind]
        return signal is not None and signals.get(self.conversion_kind) == signal


@immutable
class Directory:
    """Enrollments by partner id, and partner ids by code or id."""

    partner_ids: Mapping[str, UUID]
    enrollments: Mapping[UUID, Enrollment]

    def find(self, name: str) -> Enrollment | None:
        """The enrollment of the partner with this folded code or partner id; None if there is none."""
        partner_id = self.partner_ids.get(name)
        return self.enrollments.get(partner_id) if partner_id else None


_BY_CODE = text("SELECT code, partner_id FROM partner_codes WHERE organization_id = :owner AND code = ANY(:names)")

_ENROLLMENTS = text("""
    SELECT partners.id AS partner_id, partners.partner_organization_id, partners.status, partners.status_changed_at,
           partners.program_id,
           programs.status AS program_status, programs.currency AS program_currency, programs.conversion_kind,
           programs.conversion_event_name, programs.conversion_entitlement_id,
           programs.attribution_window_days, programs.attribution_model, programs.include_out_of_band,
           programs.multi_level_enabled, programs.auto_approve, programs.allow_self_referral,
           programs.live_cutoff_at, programs.test_cutoff_at, programs.coupon_precedence,
           partners.partner_organization_id IS NOT DISTINCT FROM partners.organization_id AS is_owners_own,
           partners.email, (SELECT email_salt FROM organizations WHERE organizations.id = :owner) AS email_salt
    FROM partners JOIN programs ON programs.id = partners.program_id
    WHERE partners.organization_id = :owner AND partners.id = ANY(:partner_ids)
""")

_SNAPSHOTS = text("""
    SELECT snapshots.partner_id, snapshots.id, snapshots.terms_id, terms.version AS terms_version,
           snapshots.commission, terms.commission_base, snapshots.applies_to, snapshots.effective_from,
           terms.multi_level, coalesce(snapshots.holdback_days, terms.holdback_days) AS holdback_days
    FROM snapshots JOIN terms ON terms.id = snapshots.terms_id
    WHERE snapshots.partner_id = ANY(:partner_ids)
    ORDER BY snapshots.effective_from, snapshots.id
""")


def load_directory(
    session: Session, owner: UUID, *, names: Iterable[str] = (), partner_ids: Iterable[UUID] = ()
) -> Directory:
    """The partners of organization `owner` with these codes or public ids (`names`) or `partner_ids`. Three queries."""
    distinct_names = sorted({name for name in names if name})
    by_name: dict[str, UUID] = {}
    for name in distinct_names:
        if (partner_id := ids.decode(name, *ids.PARTNER_PREFIXES)) is not None:
            by_name[name] = partner_id
    if distinct_names:
        rows = session.execute(_BY_CODE, {"owner": owner, "names": distinct_names})
        by_name |= {row.code: row.partner_id for row in rows}
    all_ids = sorted({*by_name.values(), *partner_ids})
    return Directory(by_name, _load_enrollments(session, owner, all_ids) if all_ids else {})


def _load_enrollments(session: Session, owner: UUID, partner_ids: list[UUID]) -> dict[UUID, Enrollment]:
    snapshots: dict[UUID, list[SnapshotTerms]] = {}
    for row in session.execute(_SNAPSHOTS, {"partner_ids": partner_ids}).mappings():
        values = {**row, "commission": shape_of(row["commission"])}
        snapshots.setdefault(values.pop("partner_id"), []).append(SnapshotTerms(**values))
    rows = session.execute(_ENROLLMENTS, {"owner": owner, "partner_ids": partner_ids}).mappings()
    return {row["partner_id"]: _enrollment(dict(row), snapshots.get(row["partner_id"], ())) for row in rows}


def _enrollment(row: dict[str, Any], snapshots: Iterable[SnapshotTerms]) -> Enrollment:
    address, salt = row.pop("email"), row.pop("email_salt")
    email_mark = "" if row["allow_self_referral"] else addresses.mark(salt, address)
    return Enrollment(**row, email_mark=email_mark, snapshots=tuple(snapshots))
