"""Which tables are in an archive, in the order in which they are restored, and why the others are not. Pure.

A test compares both lists with the database: a new table has to be in one of them.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from app.immutable import immutable


@immutable
class ExportedTable:
    """A table whose rows are in the archive.

    Attributes:
        left_out: columns that the archive does not have: secrets, and what only this database can know.
        sealed: encrypted columns that are in the archive only under a passphrase.
        with_sealed: columns that a row cannot have without its sealed ones, with the SQL for their value then.
        replaced: columns that are not exported as they are, with the SQL for their value.
        not_in_csv: columns that are too long for a spreadsheet.
        follows: the table and its column `id` that decide about the mode, where the table has none of its own: as
            `(table, column here)`.
        has_large_rows: whether a row may have a megabyte, so that only a few are read at a time.
        together: the column whose rows are restored in one statement.
        own_reference: the column that refers to the table's own `id`, of rows that may come later.
    """

    left_out: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    with_sealed: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, str] = field(default_factory=dict)
    not_in_csv: tuple[str, ...] = ()
    follows: tuple[str, str] | None = None
    has_large_rows: bool = False
    together: str | None = None
    own_reference: str | None = None


PLAIN: Final = ExportedTable()
WITHOUT_CLIENT_SECRETS: Final = """
    CASE WHEN payload LIKE '%"client_secret"%'
         THEN regexp_replace(payload, '"client_secret"(\\s*:\\s*)"[^"]*"', '"client_secret"\\1null', 'g')
         ELSE payload END
"""
"""SQL for a Stripe document without the secrets by which a browser completes a payment."""

EXPORTED: Final[Mapping[str, ExportedTable]] = {
    "organizations": PLAIN,
    "audit_entries": PLAIN,
    "tombstones": PLAIN,
    "programs": PLAIN,
    "terms": PLAIN,
    "program_brands": PLAIN,
    "application_forms": PLAIN,
    "agreements": PLAIN,
    "program_logos": ExportedTable(not_in_csv=("content",), has_large_rows=True),
    "partners": ExportedTable(own_reference="parent_id"),
    "applications": PLAIN,
    "agreement_acceptances": PLAIN,
    "partner_codes": PLAIN,
    "snapshots": PLAIN,
    "payout_methods": ExportedTable(
        left_out=("fingerprint",),
        sealed=("destination_encrypted", "email_encrypted"),
        with_sealed={"destination_masked": "'{}'::jsonb"},
    ),
    "payout_settings": ExportedTable(sealed=("debtor_encrypted",), with_sealed={"debtor_masked": "NULL::jsonb"}),
    "stripe_endpoints": ExportedTable(left_out=("secrets_encrypted", "api_key_encrypted")),
    "stripe_events": ExportedTable(
        replaced={"payload": WITHOUT_CLIENT_SECRETS}, not_in_csv=("payload",), has_large_rows=True
    ),
    "due_events": PLAIN,
    "stripe_runs": PLAIN,
    "drifts": ExportedTable(follows=("stripe_runs", "run_id")),
    "lookups": PLAIN,
    "stripe_objects": PLAIN,
    "payments": ExportedTable(own_reference="merged_into_id"),
    "touchpoints": PLAIN,
    "session_touches": PLAIN,
    "signups": PLAIN,
    "cookie_domains": PLAIN,
    "evidence": PLAIN,
    "attributions": PLAIN,
    "partner_promotions": PLAIN,
    "promotion_code_requests": PLAIN,
    "conversions": PLAIN,
    "commissions": PLAIN,
    "decisions": PLAIN,
    "opening_balances": PLAIN,
    "customer_histories": ExportedTable(left_out=("xid",), sealed=("email_encrypted",)),
    "cutoff_moves": ExportedTable(left_out=("xid",)),
    "accounts": PLAIN,
    "journal_entries": ExportedTable(left_out=("xid",)),
    "entry_reasons": PLAIN,
    "posted_commissions": PLAIN,
    "postings": ExportedTable(together="entry_id"),
    "ledger_fences": ExportedTable(left_out=("below",)),
    "statement_periods": PLAIN,
    "statements": PLAIN,
    "payout_runs": PLAIN,
    "payout_run_items": PLAIN,
    "payout_files": ExportedTable(
        sealed=("content_encrypted",), not_in_csv=("content_encrypted",), has_large_rows=True
    ),
    "payouts": ExportedTable(sealed=("destination_encrypted",)),
    "payout_lines": PLAIN,
    "payout_returns": PLAIN,
    "connected_accounts": ExportedTable(
        left_out=("link_encrypted", "link_expires_at", "link_requested_at", "link_return_url", "link_refresh_url")
    ),
    "payout_transfers": PLAIN,
    "referral_codes": PLAIN,
    "referral_claims": PLAIN,
    "referral_currencies": PLAIN,
    "currency_balances": PLAIN,
    "currency_transactions": PLAIN,
    "imports": PLAIN,
    "import_files": ExportedTable(left_out=("content_encrypted",)),
    "import_refusals": PLAIN,
    "imported_affiliates": PLAIN,
    "outbound_endpoints": ExportedTable(
        left_out=("secret_encrypted", "previous_secret_encrypted", "previous_secret_ends_at")
    ),
    "mail_settings": PLAIN,
    "mail_texts": PLAIN,
    "outbound_messages": PLAIN,
    "outbound_deliveries": ExportedTable(left_out=("lease", "leased_until")),
    "outbound_attempts": ExportedTable(left_out=("answer",)),
}
"""Each table after those that its foreign keys refer to."""

NOT_EXPORTED: Final[Mapping[str, str]] = {
    "api_keys": "keys are secrets: make new ones",
    "client_keys": "keys of apps are secrets: make new ones",
    "browser_keys": "keys of pages name the former installation: make new ones",
    **dict.fromkeys(("people", "memberships"), "people sign in to this installation: add them to the new one"),
    **dict.fromkeys(("login_links", "person_sessions"), "sign-ins at this installation"),
    "stored_responses": "answers kept for a day, in case a request is repeated",
    "invitations": "links in mails, which lead to the former address: invite again",
    "email_confirmations": "links in mails, which lead to the former address",
    "mails": "mails that the former installation sent or sends",
    "mail_reached": "how far that installation had looked for facts to write mails about",
    "mail_preferences": "what people who sign in there set for themselves",
    "stripe_runs_seen": "notes of a reconciliation that is running",
    "exports": "exports that were made before",
    "export_parts": "exports that were made before",
    "commission_sums": "sums of the postings, made again from them",
    "sums_checkpoints": "how far those sums go",
    "balances_reached": "how far the checkpoints of balances go",
    "balance_checkpoints": "balances of the postings, made again from them",
}
"""Each table that is not in the archive, with the reason."""
