"""Tables: client keys, referral codes, claims, currencies, and the balances and transactions of app users.

An app user is a user of the merchant's own product, named by the merchant's own id for it. Everything is of one mode.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class ClientKey(Base):
    """A key that an app sends to name its merchant. It may be public; the secret that signs session tokens is not."""

    __tablename__ = "client_keys"
    __table_args__ = (
        CheckConstraint("claims IN ('per_code', 'once')", name="claims"),
        Index("ix_client_keys_organization_id", "organization_id", "livemode", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    name: Mapped[str]
    client_key: Mapped[str] = mapped_column(unique=True)
    """`rfk_live_…` or `rfk_test_…`."""
    secret_encrypted: Mapped[str | None]
    """The secret of its session tokens, sealed; null: the key was revoked."""
    claims: Mapped[str] = mapped_column(server_default="per_code")
    """`per_code`: an app user claims each code once. `once`: one code in all."""
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ReferralCode(Base):
    """The code of an app user; without `app_user_id` and `code` it is a template for codes that are made later."""

    __tablename__ = "referral_codes"
    __table_args__ = (
        CheckConstraint("(app_user_id IS NULL) = (code IS NULL)", name="template"),
        CheckConstraint("max_uses > 0", name="max_uses"),
        CheckConstraint("current_uses >= 0", name="current_uses"),
        UniqueConstraint("code", "organization_id", "livemode"),
        UniqueConstraint("app_user_id", "organization_id", "livemode"),
        Index("ix_referral_codes_organization_id", "organization_id", "livemode", "id"),
        Index(
            "ix_referral_codes_templates",
            *("organization_id", "livemode", "id"),
            postgresql_where=text("app_user_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    app_user_id: Mapped[str | None]
    """The merchant's own id of the user whose code it is; null: a template."""
    code: Mapped[str | None]
    """Upper case; null: a template."""
    reward_referrer: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What the code's user gets for each claim: amounts by the code of a currency."""
    reward_referee: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What the app user who claims it gets."""
    current_uses: Mapped[int] = mapped_column(server_default="0")
    max_uses: Mapped[int | None]
    """How often it can be claimed in all; null: without a limit."""
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[CreatedAt]


class ReferralClaim(Base):
    """An app user has claimed a code. Rows are never changed."""

    __tablename__ = "referral_claims"
    __table_args__ = (
        CheckConstraint("referrer_id <> referee_id", name="self_referral"),
        UniqueConstraint("referral_code_id", "referee_id"),
        Index("ix_referral_claims_organization_id", "organization_id", "livemode", "id"),
        Index("ix_referral_claims_referral_code_id", "referral_code_id", "id"),
        Index("ix_referral_claims_referrer_id", "referrer_id", "organization_id", "livemode", "id"),
        Index("ix_referral_claims_referee_id", "referee_id", "organization_id", "livemode", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    referral_code_id: Mapped[UUID] = mapped_column(ForeignKey("referral_codes.id"))
    referrer_id: Mapped[str]
    """The app user whose code it is."""
    referee_id: Mapped[str]
    """The app user who claimed it."""
    claimed_at: Mapped[CreatedAt]


class ReferralCurrency(Base):
    """A currency of the merchant's own, such as credits or coins. It is no money and never reaches the ledger."""

    __tablename__ = "referral_currencies"
    __table_args__ = (
        CheckConstraint("max_balance >= 0", name="max_balance"),
        UniqueConstraint("organization_id", "livemode", "code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    code: Mapped[str]
    max_balance: Mapped[int | None] = mapped_column(BigInteger)
    """The most that an app user can have; null: without a limit."""
    created_at: Mapped[CreatedAt]


class ReferralBalance(Base):
    """What an app user has of a currency: the sum of its transactions."""

    __tablename__ = "currency_balances"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance"),
        UniqueConstraint(
            "app_user_id", "organization_id", "livemode", "currency", name="uq_currency_balances_app_user_id"
        ),
        Index("ix_currency_balances_organization_id", "organization_id", "livemode", "id"),
        Index("ix_currency_balances_currency", "organization_id", "livemode", "currency", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    app_user_id: Mapped[str]
    currency: Mapped[str]
    """The code of the currency."""
    balance: Mapped[int] = mapped_column(BigInteger, server_default="0")
    updated_at: Mapped[CreatedAt]


class CurrencyTransaction(Base):
    """An amount that an app user got. Rows are never changed."""

    __tablename__ = "currency_transactions"
    __table_args__ = (
        CheckConstraint("amount BETWEEN 0 AND reward", name="amount"),
        CheckConstraint("source = 'referral'", name="source"),
        Index("ix_currency_transactions_organization_id", "organization_id", "livemode", "id"),
        Index("ix_currency_transactions_app_user_id", "app_user_id", "organization_id", "livemode", "id"),
        Index("ix_currency_transactions_claim_id", "claim_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    app_user_id: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    """What was added to the balance."""
    reward: Mapped[int] = mapped_column(BigInteger)
    """What the code grants; more than `amount` where the currency's `max_balance` limited it."""
    balance_after: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(server_default="referral")
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("referral_claims.id"))
    created_at: Mapped[CreatedAt]
