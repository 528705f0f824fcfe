"""Keys of referrals begin with their selective column, which tables without statistics need.

Revision: referral_keys
Follows: promotion_code_requests
"""

from alembic import op

revision = "referral_keys"
down_revision = "promotion_code_requests"
branch_labels = None
depends_on = None


def _keys(codes: str, users: str, balances: str, referrers: str, referees: str, transactions: str) -> None:
    op.execute(f"""
        ALTER TABLE referral_codes ADD CONSTRAINT uq_referral_codes_{codes},
            ADD CONSTRAINT uq_referral_codes_{users};
        ALTER TABLE currency_balances DROP CONSTRAINT uq_currency_balances_app_user_id;
        ALTER TABLE currency_balances ADD CONSTRAINT uq_currency_balances_app_user_id UNIQUE ({balances});
        DROP INDEX ix_referral_claims_referrer_id, ix_referral_claims_referee_id, ix_currency_transactions_app_user_id;
        CREATE INDEX ix_referral_claims_referrer_id ON referral_claims ({referrers});
        CREATE INDEX ix_referral_claims_referee_id ON referral_claims ({referees});
        CREATE INDEX ix_currency_transactions_app_user_id ON currency_transactions ({transactions})
    """)


def upgrade() -> None:
    op.execute("""
        ALTER TABLE referral_codes DROP CONSTRAINT uq_referral_codes_organization_id_livemode_code,
            DROP CONSTRAINT uq_referral_codes_organization_id_livemode_app_user_id
    """)
    _keys(
        "code_organization_id_livemode UNIQUE (code, organization_id, livemode)",
        "app_user_id_organization_id_livemode UNIQUE (app_user_id, organization_id, livemode)",
        "app_user_id, organization_id, livemode, currency",
        "referrer_id, organization_id, livemode, id",
        "referee_id, organization_id, livemode, id",
        "app_user_id, organization_id, livemode, id",
    )


def downgrade() -> None:
    op.execute("""
        ALTER TABLE referral_codes DROP CONSTRAINT uq_referral_codes_code_organization_id_livemode,
            DROP CONSTRAINT uq_referral_codes_app_user_id_organization_id_livemode
    """)
    _keys(
        "organization_id_livemode_code UNIQUE (organization_id, livemode, code)",
        "organization_id_livemode_app_user_id UNIQUE (organization_id, livemode, app_user_id)",
        "organization_id, livemode, app_user_id, currency",
        "organization_id, livemode, referrer_id, id",
        "organization_id, livemode, referee_id, id",
        "organization_id, livemode, app_user_id, id",
    )
