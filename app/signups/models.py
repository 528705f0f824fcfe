"""Tables: customer sign-ups, and browser keys with which pages claim them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt

BY_BROWSER: Final = "browser"
MOST_CLAIMS: Final = 20
"""How many claims of one user and address a program keeps, the earliest, since anyone may make any number of them."""


class SignUp(Base):
    """A user of the merchant's own system who registered, and the evidence of the partner that brought it.

    The merchant's server states each user of a program once. Browsers may claim the same user with any number of
    addresses: their key is public, so a claim is a row of its own and takes nothing from anyone.
    """

    __tablename__ = "signups"
    __table_args__ = (
        CheckConstraint("source IN ('server', 'browser') OR source ~ '^import:.'", name="source"),
        CheckConstraint(
            "source <> 'browser' OR session_id <> '' AND email_mark <> '' "
            "AND partner_id IS NULL AND stripe_customer_id = ''",
            name="claim",
        ),
        Index(
            "uq_signups_stated",
            "customer_id",
            "program_id",
            "livemode",
            unique=True,
            postgresql_where=text("source <> 'browser'"),
        ),
        Index(
            "uq_signups_claimed",
            "customer_id",
            "email_mark",
            "program_id",
            "livemode",
            "session_id",
            unique=True,
            postgresql_where=text("source = 'browser'"),
        ),
        Index("ix_signups_customer_id", "customer_id", "organization_id"),
        Index(
            "ix_signups_stripe_customer_id",
            "stripe_customer_id",
            "organization_id",
            postgresql_where=text("stripe_customer_id <> ''"),
        ),
        Index(
            "ix_signups_email_mark",
            "email_mark",
            "organization_id",
            postgresql_where=text("email_mark <> '' AND source <> 'browser'"),
        ),
        Index("ix_signups_partner_id", "partner_id", "occurred_at", postgresql_where=text("partner_id IS NOT NULL")),
        Index("ix_signups_session_id", "session_id", postgresql_where=text("session_id <> ''")),
        Index("ix_signups_organization_id_livemode_id", "organization_id", "livemode", "id"),
        Index(
            "ix_signups_stated_check_at",
            "check_at",
            postgresql_where=text("check_at IS NOT NULL AND source <> 'browser'"),
        ),
        Index(
            "ix_signups_claims_check_at",
            "check_at",
            postgresql_where=text("check_at IS NOT NULL AND source = 'browser'"),
        ),
        Index("ix_signups_claims_created_at", "created_at", postgresql_where=text("source = 'browser'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    livemode: Mapped[bool]
    customer_id: Mapped[str]
    """The user's id in the merchant's own system, as sent: upper and lower case differ."""
    source: Mapped[str]
    """`server`, `browser`, or `import:` with the name of the system it was imported from."""
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"))
    """The partner that the merchant named; a session that resolves counts before it."""
    session_id: Mapped[str] = mapped_column(server_default="")
    email_mark: Mapped[str] = mapped_column(server_default="")
    """The mark of the user's e-mail address; the address itself is not stored."""
    stripe_customer_id: Mapped[str] = mapped_column(server_default="")
    occurred_at: Mapped[datetime]
    """When the user registered: the time from which it is the partner's."""
    cause: Mapped[str]
    """`request:…` or `import:…`, recorded with what it changes."""
    check_at: Mapped[datetime | None]
    """When the payments that it concerns are settled next; None: they are."""
    settled_at: Mapped[datetime | None]
    """When they were settled for the first time since it changed."""
    created_at: Mapped[CreatedAt]


class BrowserKey(Base):
    """A public key of a merchant's pages, for visits and claims of sign-ups only."""

    __tablename__ = "browser_keys"
    __table_args__ = (Index("ix_browser_keys_organization_id", "organization_id", "livemode", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    name: Mapped[str]
    browser_key: Mapped[str] = mapped_column(unique=True)
    """`apk_live_…` or `apk_test_…`, as it is in the pages: it is no secret."""
    allowed_origins: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Origins of pages that may use it, lower case: `https://shop.example.com`."""
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]
