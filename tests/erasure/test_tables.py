"""Every table either has a package that erases people from it, or a reason why it has none of their data."""

from typing import Final

import pytest
from sqlalchemy import text

from app import db
from tests.architecture.source import ROOT
from tests.architecture.test_tables import OWNERS, TABLES

ERASED: Final = {
    *("stripe_events", "stripe_objects", "payments", "evidence", "attributions", "touchpoints", "decisions"),
    *("entry_reasons", "payouts", "payout_returns", "payout_run_items", "connected_accounts", "partners"),
    "applications",
    *("payout_methods", "invitations", "email_confirmations", "organizations", "api_keys"),
    *("signups", "referral_codes", "referral_claims", "currency_balances", "currency_transactions"),
    *("customer_histories", "opening_balances"),
    *("stored_responses", "outbound_messages", "outbound_attempts", "outbound_endpoints", "export_parts"),
    *("import_refusals", "imported_affiliates"),
    *("people", "memberships", "login_links", "person_sessions", "mails", "mail_preferences"),
}
"""Tables that a module `erasing` of their package changes."""
NOTHING_OF_PEOPLE: Final = {
    **dict.fromkeys(
        ("journal_entries", "postings", "posted_commissions", "accounts", "commission_sums", "sums_checkpoints"),
        "the ledger has ids, codes and figures",
    ),
    **dict.fromkeys(("ledger_fences", "balances_reached", "balance_checkpoints"), "sums and times of the ledger"),
    **dict.fromkeys(("statement_periods", "statements"), "ids, figures, and hashes of ids and figures"),
    "conversions": "ids; the mark of the partner's address, without which it would earn from its own payments",
    "commissions": "ids and figures",
    "audit_entries": "ids, names of fields and figures: commands write no words and no addresses",
    "session_touches": "the partner and the time of a visit; the session is a random id",
    "promotion_code_requests": "codes of promotions, which customers type",
    "partner_promotions": "codes of promotions, which are the merchant's",
    "partner_codes": "codes stay reserved, so that no other partner earns by them",
    "snapshots": "terms",
    **dict.fromkeys(("application_forms", "agreements"), "the merchant's own"),
    "agreement_acceptances": "ids, versions and times: what a partner agreed to",
    **dict.fromkeys(("programs", "terms", "program_brands", "program_logos"), "the merchant's own"),
    **dict.fromkeys(("payout_settings", "stripe_endpoints"), "the merchant's own"),
    **dict.fromkeys(("due_events", "lookups", "drifts", "stripe_runs", "stripe_runs_seen"), "ids, times and codes"),
    **dict.fromkeys(("payout_runs", "payout_lines", "payout_transfers"), "ids, figures and times"),
    **dict.fromkeys(("client_keys", "browser_keys", "referral_currencies", "cookie_domains"), "the merchant's own"),
    "cutoff_moves": "times",
    "exports": "figures, times and hashes",
    "imports": "figures, times and names of columns",
    "import_files": "encrypted lists, deleted when the import has ended; tombstones refuse the rows of who is erased",
    "payout_files": "sealed files, which do not change: an erasure lists those that hold the person",
    "mail_reached": "times",
    **dict.fromkeys(("mail_settings", "mail_texts"), "the merchant's own"),
    "outbound_deliveries": "ids, types and times",
    "tombstones": "ids and marks of those who were erased",
}
"""Tables that stay as they are, each with the reason."""


@pytest.mark.usefixtures("database")
def test_every_table_is_erased_or_has_nothing_of_people() -> None:
    of_system = text("""
        SELECT relname FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
          AND relname <> 'alembic_version'
    """)
    with db.transaction() as session:
        there = set(session.scalars(of_system))
    assert there == ERASED | NOTHING_OF_PEOPLE.keys()
    assert not ERASED & NOTHING_OF_PEOPLE.keys()


@pytest.mark.parametrize("table", sorted(ERASED))
def test_the_package_of_a_table_erases_it(table: str) -> None:
    models = [name for name, owned in TABLES.items() if owned == table]
    erasing = {
        ".".join(module.parent.relative_to(ROOT).parts)
        for module in (ROOT / OWNERS[table].replace(".", "/")).rglob("erasing.py")
        if any(name in module.read_text() for name in (table, *models))
    }
    called = (ROOT / "app/transfer/erasure/commands.py").read_text()
    assert any(f"from {package} import erasing" in called for package in erasing), table
