"""Tables: mails, and what of them is switched off by whom.

A mail has neither address nor text: both are made when it is sent, from the ids and codes in its row.
"""

from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt
from app.mail_queue.kinds import KINDS, URGENT

State = Literal["queued", "sending", "failed", "sent", "switched_off", "given_up"]
STATES: Final[tuple[State, ...]] = get_args(State)
WAITING: Final[tuple[State, ...]] = ("queued", "sending", "failed")
"""States of mails that are sent once they are due."""


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))


WAITING_SQL: Final = f"state IN ({_listed(WAITING)})"


class Mail(Base):
    """A mail: to a person (`person_id`), to a partner (`partner_id`), or with neither to the organization's address."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_listed(KINDS)})", name="kind"),
        CheckConstraint(f"state IN ({_listed(STATES)})", name="state"),
        CheckConstraint("(finished_at IS NULL) = (state IN ('queued', 'sending', 'failed'))", name="finished"),
        CheckConstraint("person_id IS NULL OR partner_id IS NULL", name="recipient"),
        CheckConstraint("organization_id IS NOT NULL OR person_id IS NOT NULL", name="owner"),
        UniqueConstraint("fact", "kind"),
        Index("ix_mails_due", "next_attempt_at", postgresql_where=text(WAITING_SQL)),
        Index(
            "ix_mails_urgent",
            "next_attempt_at",
            postgresql_where=text(f"{WAITING_SQL} AND kind IN ({_listed(URGENT)})"),
        ),
        Index("ix_mails_organization_id", "organization_id", "id"),
        Index("ix_mails_state", "organization_id", "state", "id"),
        Index("ix_mails_kind", "organization_id", "kind", "id"),
        Index("ix_mails_partner_id", "partner_id", "organization_id", "id"),
        Index("ix_mails_person_id", "person_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    """The merchant it is from; null: a sign-in link, which belongs to a person and no organization."""
    program_id: Mapped[UUID | None] = mapped_column(ForeignKey("programs.id"))
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"))
    person_id: Mapped[UUID | None]
    livemode: Mapped[bool | None]
    """The mode of the money it is about; null: it is about none."""
    kind: Mapped[str]
    fact: Mapped[str]
    """Public ids of what caused it and of its recipient: for each of these there is one mail of a kind."""
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What its text needs besides: ids, codes and figures."""
    language: Mapped[str | None]
    """The language in which it was sent; null before that."""
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")
    """Attempts since it was written or resent last."""
    resends: Mapped[int] = mapped_column(server_default="0")
    """How often a person had it sent again; with the id it makes its Message-ID."""
    problem: Mapped[str | None]
    """Why it was not sent: a code, or the name of the exception of the last attempt."""
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """While it is being sent: until when its worker holds it."""
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When it was written or resent last, from which its lifetime counts."""
    finished_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class MailSettings(Base):
    """What a merchant set for mails: of a program those to its partners, without a program those to its managers."""

    __tablename__ = "mail_settings"
    __table_args__ = (
        Index(
            "uq_mail_settings_owner", "organization_id", "program_id", unique=True, postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID | None] = mapped_column(ForeignKey("programs.id"))
    language: Mapped[str | None]
    """For recipients who chose none; null: the language of the installation."""
    switched_off: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """The kinds that are not sent."""


class MailReached(Base):
    """How far a routine that looks for facts to write mails about has looked."""

    __tablename__ = "mail_reached"

    name: Mapped[str] = mapped_column(primary_key=True)
    reached_at: Mapped[datetime]


class MailPreference(Base):
    """The kinds of mails that a person does not want, from any organization."""

    __tablename__ = "mail_preferences"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    switched_off: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
