"""Live and test money apart: conversions, commissions, the ledger, promotions and API keys have a mode.

An account belongs to one mode, and a posting has the mode of its account and of its entry: a foreign key and the
ledger's own trigger see to it. What is reported by hand is unique in its mode.

Revision: livemode
Follows: codes_for_sentences
"""

import sqlalchemy as sa
from alembic import op

revision = "livemode"
down_revision = "codes_for_sentences"
branch_labels = None
depends_on = None

TABLES = (
    *("api_keys", "partner_promotions", "conversions", "commissions", "decisions"),
    *("accounts", "journal_entries", "postings", "posted_commissions", "commission_sums"),
)
ALL_PARTNERS = "00000000-0000-0000-0000-000000000000"
MODE = "livemode"

INDEXES = {
    "ix_conversions_organization_id_id": ("conversions", ["organization_id", MODE, "id"], None),
    "ix_conversions_partner_id_id": ("conversions", ["partner_id", MODE, "id"], None),
    "ix_conversions_program_id_id": ("conversions", ["program_id", MODE, "id"], None),
    "ix_commissions_organization_id_id": ("commissions", ["organization_id", MODE, "id"], None),
    "ix_commissions_partner_id_id": ("commissions", ["partner_id", MODE, "id"], None),
    "ix_commissions_status": ("commissions", ["organization_id", MODE, "status", "id"], None),
    "ix_commissions_conversions_by_status": (
        "commissions",
        ["organization_id", MODE, "status", "conversion_id"],
        "level = 0",
    ),
    "ix_commissions_partner_id_approved_at": (
        "commissions",
        ["partner_id", MODE, "approved_at"],
        "level = 0 AND approved_at IS NOT NULL",
    ),
    "ix_commission_sums_by_day": ("commission_sums", ["program_id", MODE, "day"], f"partner_id <> '{ALL_PARTNERS}'"),
    "ix_payments_organization_id_id": ("payments", ["organization_id", MODE, "id"], None),
    "ix_payments_outcome": ("payments", ["organization_id", MODE, "outcome", "id"], None),
    "ix_payments_conflict": ("payments", ["organization_id", MODE, "id"], "outcome_details ? 'conflict'"),
    "ix_stripe_events_outcome": (
        "stripe_events",
        ["organization_id", "outcome", MODE, "id"],
        "outcome IS NOT NULL",
    ),
    "ix_partner_promotions_promotion": ("partner_promotions", ["promotion", "organization_id", MODE], None),
}
"""Indexes whose key has the mode from now on: name before, table, columns now, condition."""

UNIQUE_PROMOTION = ("uq_partner_promotions_given", "partner_promotions", ["promotion", "organization_id", MODE])
IDENTITY = ["organization_id", "program_id", "partner_id", "kind", "currency", MODE]
SUMS_KEY = ["program_id", MODE, "partner_id", "day", "currency"]

REQUIRE_BALANCE = """
CREATE OR REPLACE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken record;
BEGIN
    SELECT entry_id INTO broken FROM inserted
    GROUP BY entry_id, commission_id HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is unbalanced', broken.entry_id USING ERRCODE = 'check_violation';
    END IF;

    SELECT entry_id INTO broken FROM postings
    WHERE entry_id IN (SELECT entry_id FROM inserted)
    GROUP BY entry_id HAVING min(currency) <> max(currency) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % mixes currencies', broken.entry_id USING ERRCODE = 'check_violation';
    END IF;

    SELECT entry.id AS entry_id, entry.xid <> pg_current_xact_id() AS is_closed INTO broken
    FROM (SELECT DISTINCT entry_id{mode} FROM inserted) AS touched
    JOIN journal_entries AS entry ON entry.id = touched.entry_id
    WHERE entry.xid <> pg_current_xact_id(){differs} LIMIT 1;
    IF FOUND AND broken.is_closed THEN
        RAISE EXCEPTION 'entry % is closed: its transaction has ended', broken.entry_id
            USING ERRCODE = 'restrict_violation';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'entry % mixes live and test money', broken.entry_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column(MODE, sa.Boolean(), nullable=False))
    for name, (table, columns, condition) in INDEXES.items():
        op.drop_index(name, table)
        op.create_index(_name_now(name), table, columns, postgresql_where=sa.text(condition) if condition else None)
    op.execute("GRANT SELECT (livemode) ON api_keys TO accrual_entry")
    _unique_promotions(UNIQUE_PROMOTION[2])
    op.drop_index("uq_stripe_objects_reported", "stripe_objects")
    _key_of_sums(SUMS_KEY)
    _accounts(IDENTITY, ["currency", MODE], ["currency"])
    op.execute(REQUIRE_BALANCE.format(mode=", livemode", differs=" OR entry.livemode <> touched.livemode"))


def downgrade() -> None:
    op.execute(REQUIRE_BALANCE.format(mode="", differs=""))
    _accounts(IDENTITY[:-1], ["currency"], ["currency", MODE])
    _key_of_sums([name for name in SUMS_KEY if name != MODE])
    op.create_index(
        "uq_stripe_objects_reported",
        "stripe_objects",
        ["id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'reported'"),
    )
    _unique_promotions(["promotion", "organization_id"])
    for name, (table, columns, condition) in INDEXES.items():
        op.drop_index(_name_now(name), table)
        before = [column for column in columns if column != MODE]
        op.create_index(name, table, before, postgresql_where=sa.text(condition) if condition else None)
    for table in TABLES:
        op.drop_column(table, MODE)


def _name_now(name: str) -> str:
    """Indexes that are named after their columns get the mode into the name as well."""
    return f"{name[:-2]}{MODE}_id" if name.endswith("_id_id") else name


def _unique_promotions(columns: list[str]) -> None:
    name, table, _ = UNIQUE_PROMOTION
    op.drop_index(name, table)
    op.create_index(name, table, columns, unique=True, postgresql_where=sa.text("removed_at IS NULL"))


def _key_of_sums(columns: list[str]) -> None:
    op.drop_constraint(op.f("pk_commission_sums"), "commission_sums", type_="primary")
    op.create_primary_key(op.f("pk_commission_sums"), "commission_sums", columns)


def _accounts(identity: list[str], apart: list[str], apart_before: list[str]) -> None:
    """Accounts are one by `identity`, and postings share the columns `apart` with theirs."""
    before, now = "_".join(apart_before), "_".join(apart)
    op.drop_constraint("uq_accounts_identity", "accounts", type_="unique")
    op.create_unique_constraint("uq_accounts_identity", "accounts", identity, postgresql_nulls_not_distinct=True)
    op.drop_constraint(op.f(f"fk_postings_account_id_{before}"), "postings", type_="foreignkey")
    op.drop_constraint(op.f(f"uq_accounts_id_{before}"), "accounts", type_="unique")
    op.create_unique_constraint(op.f(f"uq_accounts_id_{now}"), "accounts", ["id", *apart])
    op.create_foreign_key(
        op.f(f"fk_postings_account_id_{now}"), "postings", "accounts", ["account_id", *apart], ["id", *apart]
    )
