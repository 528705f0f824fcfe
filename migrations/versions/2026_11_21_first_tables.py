"""The first tables.

Revision: first_tables
Follows: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.ledger.models import Xid8

revision = "first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("session_id", sa.Text(), server_default="", nullable=False),
        sa.Column("field_path", sa.Text(), nullable=False),
        sa.Column("stripe_event_id", sa.Text(), nullable=False),
        sa.Column("evident_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "carrier IN ('manual', 'touchpoint', 'charge_metadata', 'invoice_metadata', 'subscription_metadata', 'session_metadata', 'client_reference', 'customer_metadata', 'promotion_code')",
            name=op.f("ck_evidence_carrier"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint(
            "organization_id",
            "account",
            "livemode",
            "object_id",
            "carrier",
            "name",
            "session_id",
            name="uq_evidence_identity",
        ),
    )
    op.create_index("ix_evidence_name", "evidence", ["organization_id", "name"], unique=False)
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accrual', 'adjustment', 'approval', 'payout', 'payout_failed', 'payout_paid', 'transfer_reversed')",
            name=op.f("ck_journal_entries_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
        sa.UniqueConstraint(
            "organization_id",
            "idempotency_key",
            name=op.f("uq_journal_entries_organization_id_idempotency_key"),
        ),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["organizations.id"], name=op.f("fk_organizations_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_index(op.f("ix_organizations_parent_id"), "organizations", ["parent_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("customer", sa.Text(), server_default="", nullable=False),
        sa.Column("subscription", sa.Text(), server_default="", nullable=False),
        sa.Column("invoice", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_intent", sa.Text(), server_default="", nullable=False),
        sa.Column("charge", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.Column("base_details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("outcome_details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('accrued', 'adjusted', 'no_change', 'bound', 'unattributed', 'outside_window', 'self_referral', 'partner_inactive', 'program_inactive', 'cap_reached', 'zero_base', 'currency_mismatch', 'out_of_band', 'waiting', 'unknown_code', 'kind_mismatch', 'not_captured', 'merged', 'rejected', 'held', 'ignored_type', 'wrong_mode', 'unusable', 'parked')",
            name=op.f("ck_payments_outcome"),
        ),
        sa.CheckConstraint("currency = lower(currency)", name=op.f("ck_payments_currency_lower")),
        sa.CheckConstraint("gross_minor >= 0 AND base_minor >= 0", name=op.f("ck_payments_amounts")),
        sa.CheckConstraint("returned_minor BETWEEN 0 AND gross_minor", name=op.f("ck_payments_returned")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["payments.id"], name=op.f("fk_payments_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("key", "organization_id", "account", "livemode", name="uq_payments_identity"),
    )
    op.create_index(
        "ix_payments_customer",
        "payments",
        ["customer", "organization_id", "account", "livemode"],
        unique=False,
        postgresql_where=sa.text("customer <> ''"),
    )
    op.create_index("ix_payments_organization_id_id", "payments", ["organization_id", "id"], unique=False)
    op.create_index("ix_payments_outcome", "payments", ["organization_id", "outcome", "id"], unique=False)
    op.create_index(
        "ix_payments_subscription",
        "payments",
        ["subscription", "organization_id", "account", "livemode"],
        unique=False,
        postgresql_where=sa.text("subscription <> ''"),
    )
    op.create_index(
        "ix_payments_unlinked",
        "payments",
        ["customer", "organization_id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'unattributed' AND invoice = ''"),
    )
    op.create_table(
        "refunds",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("charge", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_intent", sa.Text(), server_default="", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_refunds_amount")),
        sa.PrimaryKeyConstraint("id", "organization_id", "account", "livemode", name=op.f("pk_refunds")),
    )
    op.create_index("ix_refunds_charge", "refunds", ["charge", "organization_id", "account", "livemode"], unique=False)
    op.create_index(
        "ix_refunds_payment_intent",
        "refunds",
        ["payment_intent", "organization_id", "account", "livemode"],
        unique=False,
    )
    op.create_table(
        "stripe_objects",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), server_default="", nullable=False),
        sa.Column("subscription", sa.Text(), server_default="", nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "organization_id", "account", "livemode", name=op.f("pk_stripe_objects")),
    )
    op.create_index(
        "ix_stripe_objects_customer",
        "stripe_objects",
        ["customer", "organization_id", "account", "livemode"],
        unique=False,
        postgresql_where=sa.text("customer <> ''"),
    )
    op.create_index(
        "ix_stripe_objects_root",
        "stripe_objects",
        ["root", "organization_id", "account", "livemode"],
        unique=False,
    )
    op.create_index(
        "ix_stripe_objects_subscription",
        "stripe_objects",
        ["subscription", "organization_id", "account", "livemode"],
        unique=False,
        postgresql_where=sa.text("subscription <> ''"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("level IN ('read', 'manage')", name=op.f("ck_api_keys_level")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_api_keys_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(op.f("ix_api_keys_organization_id"), "api_keys", ["organization_id"], unique=False)
    op.create_table(
        "programs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("landing_url", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("conversion_kind", sa.Text(), server_default="payment", nullable=False),
        sa.Column("conversion_event_name", sa.Text(), nullable=True),
        sa.Column("conversion_entitlement_id", sa.Text(), nullable=True),
        sa.Column("attribution_model", sa.Text(), server_default="last_touch", nullable=False),
        sa.Column("attribution_window_days", sa.Integer(), server_default="30", nullable=False),
        sa.Column("allow_self_referral", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("include_out_of_band", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("multi_level_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("platform_fee_bps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "attribution_model IN ('first_touch', 'last_touch')", name=op.f("ck_programs_attribution_model")
        ),
        sa.CheckConstraint(
            "conversion_kind IN ('payment', 'event', 'entitlement')", name=op.f("ck_programs_conversion_kind")
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("ck_programs_currency")),
        sa.CheckConstraint("status IN ('draft', 'active', 'paused', 'archived')", name=op.f("ck_programs_status")),
        sa.CheckConstraint("attribution_window_days > 0", name=op.f("ck_programs_attribution_window_days")),
        sa.CheckConstraint("platform_fee_bps BETWEEN 0 AND 10000", name=op.f("ck_programs_platform_fee_bps")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_programs_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
    )
    op.create_index(op.f("ix_programs_organization_id"), "programs", ["organization_id"], unique=False)
    op.create_index(
        "uq_programs_one_default",
        "programs",
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "stripe_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("secrets_encrypted", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_stripe_endpoints_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_endpoints")),
    )
    op.create_index(op.f("ix_stripe_endpoints_organization_id"), "stripe_endpoints", ["organization_id"], unique=False)
    op.create_table(
        "partners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_organization_id", sa.Uuid(), nullable=True),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("payout_method", sa.Text(), nullable=True),
        sa.Column("payout_email", sa.Text(), nullable=True),
        sa.Column("stripe_account_id", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "payout_method IN ('paypal', 'stripe', 'bank_transfer', 'crypto')",
            name=op.f("ck_partners_payout_method"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'paused', 'banned', 'deactivated')",
            name=op.f("ck_partners_status"),
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_partners_email_lower")),
        sa.CheckConstraint("slug = lower(slug)", name=op.f("ck_partners_slug_lower")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_partners_organization_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["partners.id"], name=op.f("fk_partners_parent_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"],
            ["organizations.id"],
            name=op.f("fk_partners_partner_organization_id"),
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_partners_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("organization_id", "slug", name=op.f("uq_partners_organization_id_slug")),
        sa.UniqueConstraint("program_id", "email", name=op.f("uq_partners_program_id_email")),
    )
    op.create_index(op.f("ix_partners_parent_id"), "partners", ["parent_id"], unique=False)
    op.create_index(op.f("ix_partners_partner_organization_id"), "partners", ["partner_organization_id"], unique=False)
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), server_default="", nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('accrued', 'adjusted', 'no_change', 'bound', 'unattributed', 'outside_window', 'self_referral', 'partner_inactive', 'program_inactive', 'cap_reached', 'zero_base', 'currency_mismatch', 'out_of_band', 'waiting', 'unknown_code', 'kind_mismatch', 'not_captured', 'merged', 'rejected', 'held', 'ignored_type', 'wrong_mode', 'unusable', 'parked')",
            name=op.f("ck_stripe_events_outcome"),
        ),
        sa.CheckConstraint(
            "(processed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_stripe_events_processed_has_outcome")
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["stripe_endpoints.id"], name=op.f("fk_stripe_events_endpoint_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_stripe_events_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_events")),
        sa.UniqueConstraint(
            "stripe_id",
            "organization_id",
            "account",
            "livemode",
            "api_version",
            name="uq_stripe_events_identity",
        ),
    )
    op.create_index(
        "ix_stripe_events_due",
        "stripe_events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("processed_at IS NULL"),
        postgresql_include=["next_attempt_at"],
    )
    op.create_index("ix_stripe_events_object", "stripe_events", ["object_id", "organization_id"], unique=False)
    op.create_index(
        "ix_stripe_events_outcome",
        "stripe_events",
        ["organization_id", "outcome", "id"],
        unique=False,
        postgresql_where=sa.text("outcome IS NOT NULL"),
    )
    op.create_table(
        "terms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("commission", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("multi_level", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("holdback_days", sa.Integer(), nullable=True),
        sa.Column("commission_base", sa.Text(), server_default="net", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("commission_base IN ('net', 'gross')", name=op.f("ck_terms_commission_base")),
        sa.CheckConstraint("holdback_days >= 0", name=op.f("ck_terms_holdback_days")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_terms_organization_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_terms_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("program_id", "version", name=op.f("uq_terms_program_id_version")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_organization_id", sa.Uuid(), nullable=True),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(partner_id IS NULL) = (kind IN ('commission_expense', 'platform_fee'))",
            name=op.f("ck_accounts_owner"),
        ),
        sa.CheckConstraint(
            "kind IN ('commission_expense', 'partner_accrued', 'partner_payable', 'payout_clearing', 'partner_paid', 'platform_fee')",
            name=op.f("ck_accounts_kind"),
        ),
        sa.CheckConstraint("currency = lower(currency)", name=op.f("ck_accounts_currency_lower")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_accounts_organization_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_accounts_partner_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"],
            ["organizations.id"],
            name=op.f("fk_accounts_partner_organization_id"),
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_accounts_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_accounts_id_currency")),
        sa.UniqueConstraint(
            "organization_id",
            "program_id",
            "partner_id",
            "kind",
            "currency",
            name="uq_accounts_identity",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_accounts_partner_id"), "accounts", ["partner_id"], unique=False)
    op.create_table(
        "partner_codes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code = lower(code)", name=op.f("ck_partner_codes_code_lower")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_partner_codes_organization_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_partner_codes_partner_id")),
        sa.PrimaryKeyConstraint("organization_id", "code", name=op.f("pk_partner_codes")),
    )
    op.create_index(op.f("ix_partner_codes_partner_id"), "partner_codes", ["partner_id"], unique=False)
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_organization_id", sa.Uuid(), nullable=True),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("terms_id", sa.Uuid(), nullable=False),
        sa.Column("commission", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holdback_days", sa.Integer(), nullable=True),
        sa.Column("is_override", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("applies_to", sa.Text(), server_default="all_customers", nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("applies_to IN ('new_customers', 'all_customers')", name=op.f("ck_snapshots_applies_to")),
        sa.CheckConstraint("source IN ('invite', 'approval', 'amendment')", name=op.f("ck_snapshots_source")),
        sa.CheckConstraint("holdback_days >= 0", name=op.f("ck_snapshots_holdback_days")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_snapshots_organization_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_snapshots_partner_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"],
            ["organizations.id"],
            name=op.f("fk_snapshots_partner_organization_id"),
        ),
        sa.ForeignKeyConstraint(["terms_id"], ["terms.id"], name=op.f("fk_snapshots_terms_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index(
        "ix_snapshots_partner_id_effective_from", "snapshots", ["partner_id", "effective_from"], unique=False
    )
    op.create_table(
        "attributions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_organization_id", sa.Uuid(), nullable=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("field_path", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("stripe_event_id", sa.Text(), nullable=False),
        sa.Column("evident_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "carrier IN ('manual', 'touchpoint', 'charge_metadata', 'invoice_metadata', 'subscription_metadata', 'session_metadata', 'client_reference', 'customer_metadata', 'promotion_code')",
            name=op.f("ck_attributions_carrier"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_attributions_organization_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_attributions_partner_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"],
            ["organizations.id"],
            name=op.f("fk_attributions_partner_organization_id"),
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_attributions_program_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_attributions_snapshot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attributions")),
    )
    op.create_index("ix_attributions_partner_id", "attributions", ["partner_id"], unique=False)
    op.create_index(
        "uq_attributions_current",
        "attributions",
        ["organization_id", "account", "livemode", "subject"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "conversions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_organization_id", sa.Uuid(), nullable=True),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("attribution_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('earns', 'partner_inactive', 'program_inactive', 'kind_mismatch')",
            name=op.f("ck_conversions_verdict"),
        ),
        sa.ForeignKeyConstraint(["attribution_id"], ["attributions.id"], name=op.f("fk_conversions_attribution_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_conversions_partner_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_conversions_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversions")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_conversions_payment_id")),
    )
    op.create_index("ix_conversions_organization_id_id", "conversions", ["organization_id", "id"], unique=False)
    op.create_index("ix_conversions_partner_id_id", "conversions", ["partner_id", "id"], unique=False)
    op.create_table(
        "commissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_organization_id", sa.Uuid(), nullable=True),
        sa.Column("conversion_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("terms_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("rate_bps", sa.Integer(), nullable=True),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("accrued_minor", sa.BigInteger(), nullable=False),
        sa.Column("payable_minor", sa.BigInteger(), nullable=False),
        sa.Column("clearing_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("calculation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holdback_days", sa.Integer(), nullable=True),
        sa.Column("accrued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mature_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('accrued', 'approved', 'paid', 'reversed')", name=op.f("ck_commissions_status")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_commissions_amount")),
        sa.CheckConstraint("rate_bps BETWEEN 0 AND 10000", name=op.f("ck_commissions_rate_bps")),
        sa.ForeignKeyConstraint(["conversion_id"], ["conversions.id"], name=op.f("fk_commissions_conversion_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_commissions_partner_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_commissions_snapshot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commissions")),
        sa.UniqueConstraint(
            "conversion_id", "partner_id", "level", name=op.f("uq_commissions_conversion_id_partner_id_level")
        ),
    )
    op.create_index("ix_commissions_organization_id_id", "commissions", ["organization_id", "id"], unique=False)
    op.create_index("ix_commissions_partner_id_id", "commissions", ["partner_id", "id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("commission_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_postings_not_zero")),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["accounts.id", "accounts.currency"],
            name=op.f("fk_postings_account_id_currency"),
        ),
        sa.ForeignKeyConstraint(["commission_id"], ["commissions.id"], name=op.f("fk_postings_commission_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entries.id"], name=op.f("fk_postings_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "line", name=op.f("pk_postings")),
    )
    op.create_index("ix_postings_account_id", "postings", ["account_id"], unique=False)
    op.create_index("ix_postings_commission_id", "postings", ["commission_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_postings_commission_id", table_name="postings")
    op.drop_index("ix_postings_account_id", table_name="postings")
    op.drop_table("postings")
    op.drop_index("ix_commissions_partner_id_id", table_name="commissions")
    op.drop_index("ix_commissions_organization_id_id", table_name="commissions")
    op.drop_table("commissions")
    op.drop_index("ix_conversions_partner_id_id", table_name="conversions")
    op.drop_index("ix_conversions_organization_id_id", table_name="conversions")
    op.drop_table("conversions")
    op.drop_index(
        "uq_attributions_current",
        table_name="attributions",
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.drop_index("ix_attributions_partner_id", table_name="attributions")
    op.drop_table("attributions")
    op.drop_index("ix_snapshots_partner_id_effective_from", table_name="snapshots")
    op.drop_table("snapshots")
    op.drop_index(op.f("ix_partner_codes_partner_id"), table_name="partner_codes")
    op.drop_table("partner_codes")
    op.drop_index(op.f("ix_accounts_partner_id"), table_name="accounts")
    op.drop_table("accounts")
    op.drop_table("terms")
    op.drop_index(
        "ix_stripe_events_outcome",
        table_name="stripe_events",
        postgresql_where=sa.text("outcome IS NOT NULL"),
    )
    op.drop_index("ix_stripe_events_object", table_name="stripe_events")
    op.drop_index(
        "ix_stripe_events_due",
        table_name="stripe_events",
        postgresql_where=sa.text("processed_at IS NULL"),
        postgresql_include=["next_attempt_at"],
    )
    op.drop_table("stripe_events")
    op.drop_index(op.f("ix_partners_partner_organization_id"), table_name="partners")
    op.drop_index(op.f("ix_partners_parent_id"), table_name="partners")
    op.drop_table("partners")
    op.drop_index(op.f("ix_stripe_endpoints_organization_id"), table_name="stripe_endpoints")
    op.drop_table("stripe_endpoints")
    op.drop_index("uq_programs_one_default", table_name="programs", postgresql_where=sa.text("is_default"))
    op.drop_index(op.f("ix_programs_organization_id"), table_name="programs")
    op.drop_table("programs")
    op.drop_index(op.f("ix_api_keys_organization_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index(
        "ix_stripe_objects_subscription",
        table_name="stripe_objects",
        postgresql_where=sa.text("subscription <> ''"),
    )
    op.drop_index("ix_stripe_objects_root", table_name="stripe_objects")
    op.drop_index("ix_stripe_objects_customer", table_name="stripe_objects", postgresql_where=sa.text("customer <> ''"))
    op.drop_table("stripe_objects")
    op.drop_index("ix_refunds_payment_intent", table_name="refunds")
    op.drop_index("ix_refunds_charge", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index(
        "ix_payments_unlinked",
        table_name="payments",
        postgresql_where=sa.text("outcome = 'unattributed' AND invoice = ''"),
    )
    op.drop_index("ix_payments_subscription", table_name="payments", postgresql_where=sa.text("subscription <> ''"))
    op.drop_index("ix_payments_outcome", table_name="payments")
    op.drop_index("ix_payments_organization_id_id", table_name="payments")
    op.drop_index("ix_payments_customer", table_name="payments", postgresql_where=sa.text("customer <> ''"))
    op.drop_table("payments")
    op.drop_index(op.f("ix_organizations_parent_id"), table_name="organizations")
    op.drop_table("organizations")
    op.drop_table("journal_entries")
    op.drop_index("ix_evidence_name", table_name="evidence")
    op.drop_table("evidence")
