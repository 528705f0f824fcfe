"""Claims of a user are found by the address they have, since anyone may make any number of them with others.

Revision: signup_claims
Follows: histories_wait
"""

from alembic import op

revision = "signup_claims"
down_revision = "histories_wait"
branch_labels = None
depends_on = None


def _index(columns: str) -> None:
    op.execute(f"""
        DROP INDEX uq_signups_claimed;
        CREATE UNIQUE INDEX uq_signups_claimed ON signups ({columns}) WHERE source = 'browser'
    """)


def upgrade() -> None:
    _index("customer_id, email_mark, program_id, livemode, session_id")


def downgrade() -> None:
    _index("customer_id, program_id, livemode, session_id, email_mark")
