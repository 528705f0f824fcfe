"""Views of a partner's snapshots, in camelCase."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.money import decimal_text
from app.partners.models import Partner, Snapshot
from app.partners.terms import snapshots
from app.partners.terms.snapshots import AppliesTo
from app.partners.validation import percent_text
from app.programs.models import Program, Terms
from app.programs.shapes import StoredCommission, shape_of
from app.views import Camel, Instant


class Stamped(Camel):
    """Terms stamped onto a partner."""

    id: str = Field(examples=["snp_01h455vb4pex5vsknk084sn02q"])
    commission: StoredCommission = Field(examples=[{"type": "percentage", "bps": 2500}])
    commission_value: str = Field(
        description="The rate in percent, or the amount of a flat commission in the program's currency, as a decimal.",
        examples=["25"],
    )
    holdback_days: int | None = Field(description="Null: people approve the commissions.")
    source: Literal["invite", "approval", "amendment"]
    effective_from: Instant
    applies_to: AppliesTo
    is_override: bool = Field(description="Whether the commission is the partner's own instead of its program's.")
    terms_version: int = Field(description="The version of the program's terms it was stamped with.")


class SnapshotBody(Stamped):
    """The snapshot in force, and the history of all snapshots."""

    history: list[Stamped] = Field(description="All snapshots, the latest first, including future ones.")


def snapshot_body(rows: list[tuple[Snapshot, Terms]], program_currency: str) -> SnapshotBody:
    """The snapshot in force (the earliest one if all are in the future), and the history of all snapshots.

    `rows` has at least one snapshot and is sorted latest first.
    """
    now = datetime.now(UTC)
    present = next((row for row in rows if row[0].effective_from <= now), rows[-1])
    history = [Stamped(**_fields(*row, program_currency)) for row in rows]
    return SnapshotBody(**_fields(*present, program_currency), history=history)


def load_snapshot_body(session: Session, partner: Partner) -> SnapshotBody:
    """The partner's snapshot in force, with all before and after it.

    Raises:
        NotFound: `snapshot_not_found`, it was never active.
    """
    stamped = snapshots.load_history(session, partner.id)
    if not stamped:
        raise NotFound(
            "the partner has no commission snapshot yet; it gets one when it becomes active", code="snapshot_not_found"
        )
    return snapshot_body(stamped, session.get_one(Program, partner.program_id).currency)


def value_text(commission: dict[str, Any], currency: str) -> str:
    """A commission's rate or flat amount as text: `value_text({"type": "percentage", "bps": 2500}, "usd") == "25"`."""
    rate = shape_of(commission).own_rate(0)
    return decimal_text(rate.fixed_minor, currency) if rate.bps is None else percent_text(rate.bps)


def _fields(snapshot: Snapshot, terms: Terms, currency: str) -> dict[str, Any]:
    return {
        "id": ids.encode(ids.SNAPSHOT, snapshot.id),
        "commission": snapshot.commission,
        "commission_value": value_text(snapshot.commission, currency),
        "holdback_days": terms.holdback_days if snapshot.holdback_days is None else snapshot.holdback_days,
        "source": snapshot.source,
        "effective_from": snapshot.effective_from,
        "applies_to": snapshot.applies_to,
        "is_override": snapshot.is_override,
        "terms_version": terms.version,
    }
