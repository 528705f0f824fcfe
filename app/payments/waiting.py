"""Charges that may yet turn out to pay an invoice: kept as `waiting` for two days, then shown as unattributed."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.stripe_events.scope import SCOPE_SQL, Scope

INVOICE_LINK: Final = "the link to the invoice it may pay"
INVOICE_LINES: Final = "the lines of the invoice that its event did not carry"
LINK_WAIT_HOURS: Final = 48
"""How long the link may take. Stripe sends it within seconds; retries of a failed delivery take longer."""

_WITH_INVOICES = text(f"""
    SELECT DISTINCT customer FROM stripe_objects
    WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND customer <> '' AND kind IN ('invoice', 'subscription')
""")


def customers_with_invoices(session: Session, scope: Scope, customers: Iterable[str]) -> set[str]:
    """Those of `customers` that are known to have an invoice or a subscription."""
    wanted = sorted(customers)
    rows = session.scalars(_WITH_INVOICES, {**scope.parameters(), "customers": wanted}) if wanted else ()
    return set(rows)


_EXPECT_LINKS = text(f"""
    WITH expecting AS (
        UPDATE payments SET outcome = 'waiting',
                            outcome_details = jsonb_build_object('waiting_for', CAST(:link AS text))
        WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND outcome = 'unattributed' AND invoice = ''
          AND created_at > now() - make_interval(hours => :hours)
        RETURNING organization_id, account, livemode, charge, payment_intent, outcome_details
    )
    UPDATE stripe_events SET outcome = 'waiting', outcome_details = expecting.outcome_details
    FROM expecting
    WHERE stripe_events.organization_id = expecting.organization_id AND stripe_events.account = expecting.account
      AND stripe_events.livemode = expecting.livemode AND stripe_events.outcome = 'unattributed'
      AND stripe_events.object_id IN (expecting.charge, expecting.payment_intent)
""")


def expect_links(session: Session, scope: Scope, customers: Iterable[str]) -> None:
    """Let charges that came before their customer's first invoice or subscription wait, as if they had come after."""
    wanted = sorted(customers)
    if wanted:
        values = {"customers": wanted, "link": INVOICE_LINK, "hours": LINK_WAIT_HOURS}
        session.execute(_EXPECT_LINKS, {**scope.parameters(), **values})


_GIVE_UP = text("""
    WITH given_up AS (
        UPDATE payments SET outcome = 'unattributed', outcome_details = '{}'
        WHERE outcome = 'waiting' AND outcome_details ->> 'waiting_for' = :link
          AND created_at < now() - make_interval(hours => :hours)
        RETURNING organization_id, account, livemode, charge, payment_intent
    )
    UPDATE stripe_events SET outcome = 'unattributed', outcome_details = '{}'
    FROM given_up
    WHERE stripe_events.organization_id = given_up.organization_id AND stripe_events.account = given_up.account
      AND stripe_events.livemode = given_up.livemode AND stripe_events.outcome = 'waiting'
      AND stripe_events.object_id IN (given_up.charge, given_up.payment_intent)
""")


def give_up(session: Session) -> None:
    """Call payments unattributed whose link to an invoice has not come in two days. A late link still merges them."""
    session.execute(_GIVE_UP, {"link": INVOICE_LINK, "hours": LINK_WAIT_HOURS})
