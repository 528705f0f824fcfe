"""Tables: visits kept as evidence, names found on Stripe objects, attributions, partners' promotions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.attribution.carriers import CARRIERS
from app.db import Base, CreatedAt

_CARRIER_CHECK = f"carrier IN ({', '.join(repr(name) for name in CARRIERS)})"


class SessionTouch(Base):
    """A touchpoint of a session that a Stripe object names: evidence, and so kept for ever."""

    __tablename__ = "session_touches"
    __table_args__ = (Index("ix_session_touches_partner_id", "partner_id", "touched_at"),)

    session_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    touchpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    partner_id: Mapped[UUID]
    touched_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]


class Evidence(Base):
    """A name found on a Stripe object. Kept for ever: attribution is a function of all of it, never of its order.

    The same name on the same object by the same carrier is one row, at its earliest time.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint(
            "object_id",
            "organization_id",
            "account",
            "livemode",
            "carrier",
            "name",
            "session_id",
            "refers_to",
            name="uq_evidence_identity",
        ),
        CheckConstraint(_CARRIER_CHECK, name="carrier"),
        Index("ix_evidence_name", "name", "organization_id"),
        Index("ix_evidence_refers_to", "refers_to", "organization_id", postgresql_where=text("refers_to <> ''")),
        Index("ix_evidence_awaits_touches", "created_at", postgresql_where=text("awaits_touches")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account: Mapped[str]
    livemode: Mapped[bool]
    object_id: Mapped[str]
    """A Stripe id; or `promotion_code:…`, `coupon:…`, `discount:…` for what is written on one of these."""
    carrier: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    """The code or partner id found there, trimmed and lower-cased; '' if it names no partner itself."""
    session_id: Mapped[str] = mapped_column(server_default="")
    refers_to: Mapped[str] = mapped_column(server_default="")
    """The discount, promotion code or coupon used, or the user or sign-up named; what it leads to is looked up whenever
    credit is given."""
    field_path: Mapped[str]
    """The field of the event's document, such as `data.object.metadata.affiliate_id`."""
    stripe_event_id: Mapped[str]
    evident_at: Mapped[datetime]
    awaits_touches: Mapped[bool] = mapped_column(server_default="false")
    """Whether the clock still has to check for a touchpoint of its session that was stored at the same moment."""
    created_at: Mapped[CreatedAt]


class Attribution(Base):
    """The recorded fact that a subscription, a customer or a single payment is credited to a partner.

    A change adds a row and closes the former, so the history stays complete. A person's decision, carrier `manual`, is
    never closed: the latest decision counts, before all other attributions.
    """

    __tablename__ = "attributions"
    __table_args__ = (
        CheckConstraint(_CARRIER_CHECK, name="carrier"),
        Index(
            "uq_attributions_current",
            "subject",
            "organization_id",
            "account",
            "livemode",
            unique=True,
            postgresql_where=text("superseded_at IS NULL AND carrier <> 'manual'"),
        ),
        Index("ix_attributions_by_hand", "subject", "organization_id", postgresql_where=text("carrier = 'manual'")),
        CheckConstraint(
            "carrier = 'manual' OR (partner_id IS NOT NULL AND program_id IS NOT NULL)", name="names_a_partner"
        ),
        Index("ix_attributions_partner_id", "partner_id", "bound_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    account: Mapped[str]
    livemode: Mapped[bool]
    subject: Mapped[str]
    """`cus_…`, `sub_…` while its customer is unknown, or the object that names a payment credited by itself."""
    program_id: Mapped[UUID | None] = mapped_column(ForeignKey("programs.id"))
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"))
    """None only if a person decided that no partner earns."""
    snapshot_id: Mapped[UUID | None] = mapped_column(ForeignKey("snapshots.id"))
    """The partner's snapshot in force when the customer was bound; None if it had none, so it earns nothing."""
    carrier: Mapped[str]
    name: Mapped[str]
    field_path: Mapped[str]
    object_id: Mapped[str]
    stripe_event_id: Mapped[str]
    session_id: Mapped[str] = mapped_column(server_default="")
    """The session named beside it, if any."""
    touchpoint_id: Mapped[UUID | None]
    """If the carrier is `touchpoint`: the touchpoint's id."""
    evident_at: Mapped[datetime]
    """The time from which the name counts; for a touchpoint, its time."""
    bound_at: Mapped[datetime]
    """The time of the payment or session that binds: the earliest credited one."""
    bound_since: Mapped[datetime] = mapped_column(server_default=func.now())
    """The time, by our clock, since which the subject has been bound to this partner without a break."""
    applies_from: Mapped[datetime | None]
    """By hand: only a customer's payments from this time on."""
    moves_paid: Mapped[bool] = mapped_column(server_default="false")
    """By hand: whether payments whose commission is paid or in a payout move too."""
    decided_by: Mapped[str] = mapped_column(server_default="")
    """By hand: who decided, `key_…`."""
    reason: Mapped[str] = mapped_column(server_default="")
    """By hand: the reason."""
    rival: Mapped[dict[str, Any] | None]
    """Where a link and a promotion name different partners, the one that is not credited: `rules.Named`."""
    created_at: Mapped[CreatedAt]
    superseded_at: Mapped[datetime | None]


class PartnerPromotion(Base):
    """A Stripe promotion code or coupon that belongs to a partner, in every account of the merchant and one mode.

    If it is taken away the row stays, because uses from before the window still count.
    """

    __tablename__ = "partner_promotions"
    __table_args__ = (
        CheckConstraint("promotion ~ '^(promotion_code|coupon|code):.'", name="promotion"),
        Index(
            "uq_partner_promotions_given",
            "promotion",
            "organization_id",
            "livemode",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_partner_promotions_promotion", "promotion", "organization_id", "livemode"),
        Index("ix_partner_promotions_partner_id", "partner_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    promotion: Mapped[str]
    """`promotion_code:promo_…`, `coupon:…`, or `code:…` for what customers type, folded."""
    created_at: Mapped[CreatedAt]
    removed_at: Mapped[datetime | None]
