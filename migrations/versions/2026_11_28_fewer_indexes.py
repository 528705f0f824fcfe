"""A renewal writes fewer index entries: each list has one index, and what another index can find has none.

Payments of a customer or subscription are found by the keys of its Stripe objects. Conversions are listed beside their
level-0 commissions, which are made with them. Postings are found by entry and by commission; no query asks for those of
an account. Most objects are their own root, and most payments of partners' customers are accrued, so neither stands in
the index for the others. What is no unique key has the Stripe id alone: the scope after it selected nothing.

Revision: fewer_indexes
Follows: autovacuum
"""

from alembic import op

revision = "fewer_indexes"
down_revision = "autovacuum"
branch_labels = None
depends_on = None

SCOPE = "organization_id, account, livemode"
DROPPED = {
    "ix_payments_subscription": f"payments (subscription, {SCOPE}) WHERE subscription <> ''",
    "ix_payments_customer": f"payments (customer, {SCOPE}) WHERE customer <> ''",
    "ix_conversions_organization_id_livemode_id": "conversions (organization_id, livemode, id)",
    "ix_conversions_partner_id_livemode_id": "conversions (partner_id, livemode, id)",
    "ix_conversions_program_id_livemode_id": "conversions (program_id, livemode, id)",
    "ix_commissions_conversions_by_status": (
        "commissions (organization_id, livemode, status, conversion_id) WHERE level = 0"
    ),
    "ix_postings_account_id": "postings (account_id)",
}
CHANGED = {
    "ix_payments_outcome": (
        "payments (organization_id, livemode, outcome, id)",
        "payments (organization_id, livemode, outcome, id) WHERE outcome <> 'accrued'",
    ),
    "ix_stripe_objects_root": (f"stripe_objects (root, {SCOPE})", "stripe_objects (root) WHERE root <> id"),
    "ix_stripe_objects_subscription": (
        f"stripe_objects (subscription, {SCOPE}) WHERE subscription <> ''",
        "stripe_objects (subscription) WHERE subscription <> ''",
    ),
    "ix_stripe_objects_customer": (
        f"stripe_objects (customer, {SCOPE}) WHERE customer <> ''",
        "stripe_objects (customer) WHERE customer <> ''",
    ),
}


def upgrade() -> None:
    for name in DROPPED:
        op.execute(f"DROP INDEX {name}")
    for name, (_, after) in CHANGED.items():
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE INDEX {name} ON {after}")


def downgrade() -> None:
    for name, (before, _) in CHANGED.items():
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE INDEX {name} ON {before}")
    for name, definition in DROPPED.items():
        op.execute(f"CREATE INDEX {name} ON {definition}")
