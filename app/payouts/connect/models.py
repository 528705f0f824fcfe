"""Tables: partners' connected accounts at Stripe, and the transfers to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency, Minor
from app.payouts.models import Payout


class ConnectedAccount(Base):
    """A partner's account at Stripe, under its owner's platform: one per owner, affiliate organization and mode.

    Until Stripe has created it, it has no `stripe_account_id`. What Stripe says of it is from `account.updated` or
    from the account itself, never from the return of an onboarding link.
    """

    __tablename__ = "connected_accounts"
    __table_args__ = (
        UniqueConstraint(
            "partner_organization_id", "organization_id", "livemode", name="uq_connected_accounts_identity"
        ),
        Index("uq_connected_accounts_stripe_account_id", "stripe_account_id", "organization_id", unique=True),
        Index("ix_connected_accounts_due", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
        CheckConstraint("agreement IN ('full', 'recipient')", name="agreement"),
        CheckConstraint("(stripe_account_id IS NULL) = (agreement IS NULL)", name="created"),
        CheckConstraint("(link_encrypted IS NULL) = (link_expires_at IS NULL)", name="link"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    """The program's owner, whose Stripe account is the platform."""
    partner_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    country: Mapped[str | None]
    """ISO 3166, upper case. Null until Stripe has created it: the platform's country."""
    agreement: Mapped[str | None]
    stripe_account_id: Mapped[str | None]
    transfers: Mapped[str] = mapped_column(server_default="inactive")
    """The status of the capability `transfers`, in Stripe's words; only `active` can receive."""
    has_details: Mapped[bool] = mapped_column(server_default="false")
    """Whether the partner has gone through the onboarding once."""
    requirements: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """`due, past_due, pending`: names of what Stripe wants; `disabled_reason`; `errors`: `requirement, code` each."""
    stated_at: Mapped[datetime | None]
    """When Stripe stated the capability and the requirements, by Stripe's clock."""
    bank_payout: Mapped[dict[str, Any] | None]
    """Stripe's last payout from the account to its bank: `id, status, failure_code, stated_at`."""
    link_requested_at: Mapped[datetime | None]
    """When an onboarding link was requested that was not handed out yet."""
    link_return_url: Mapped[str | None]
    link_refresh_url: Mapped[str | None]
    link_encrypted: Mapped[str | None]
    """The link, sealed, until it is handed out once."""
    link_expires_at: Mapped[datetime | None]
    link_given_at: Mapped[datetime | None]
    """When a link was handed out last."""
    problem: Mapped[dict[str, Any] | None]
    """Why the last call to Stripe failed."""
    due_at: Mapped[datetime | None]
    """When Stripe is asked next; null: not before something changes."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    """Calls since the last one that succeeded."""
    lease: Mapped[int] = mapped_column(server_default="0")
    """Counts claims: a process whose claim is not the last one writes nothing."""
    created_at: Mapped[CreatedAt]


class PayoutTransfer(Base):
    """The transfer of a payout to a connected account; what is asked of Stripe is fixed with the row.

    It is inserted, and committed, before Stripe is called. `sent_at` is committed just before the call that may make
    the transfer: without it nothing can have been sent, with it the outcome is unknown until Stripe is asked.
    """

    __tablename__ = "payout_transfers"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("reversed_minor BETWEEN 0 AND amount_minor", name="reversed"),
        Index("ix_payout_transfers_due", "due_at", "payout_id", postgresql_where=text("due_at IS NOT NULL")),
    )

    payout_id: Mapped[UUID] = mapped_column(ForeignKey(Payout.id), primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    account: Mapped[str]
    """The connected account that receives, `acct_…`."""
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    transfer_id: Mapped[str | None]
    """Stripe's id, `tr_…`, once an answer, a list or an event has named it."""
    reversed_minor: Mapped[Minor] = mapped_column(server_default="0")
    """How much of it was reversed, the highest sum that Stripe has stated."""
    sent_at: Mapped[datetime | None]
    problem: Mapped[dict[str, Any] | None]
    """Why the last call failed, or why it ended without a transfer."""
    due_at: Mapped[datetime | None]
    """When it is worked on next; null: nothing is left to do."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease: Mapped[int] = mapped_column(server_default="0")
    """Counts claims: a process whose claim is not the last one writes nothing."""
    created_at: Mapped[CreatedAt]
