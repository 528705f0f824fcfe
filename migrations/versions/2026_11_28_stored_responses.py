"""The table of responses to requests with an `Idempotency-Key` is named by what it stores.

A look-up has the time at which it was queued.

Revision: stored_responses
Follows: selective_keys
"""

from alembic import op

revision = "stored_responses"
down_revision = "selective_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("kept_answers", "stored_responses")
    op.alter_column("stored_responses", "answer", new_column_name="response")
    op.execute("ALTER INDEX pk_kept_answers RENAME TO pk_stored_responses")
    op.execute("ALTER INDEX ix_kept_answers_created_at RENAME TO ix_stored_responses_created_at")
    op.alter_column("lookups", "wanted_at", new_column_name="queued_at")


def downgrade() -> None:
    op.alter_column("lookups", "queued_at", new_column_name="wanted_at")
    op.execute("ALTER INDEX ix_stored_responses_created_at RENAME TO ix_kept_answers_created_at")
    op.execute("ALTER INDEX pk_stored_responses RENAME TO pk_kept_answers")
    op.alter_column("stored_responses", "response", new_column_name="answer")
    op.rename_table("stored_responses", "kept_answers")
