"""Settings: Stripe endpoints, API keys, webhooks, the snippet to copy, and the audit trail."""

from collections.abc import Sequence
from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from app.http import configured, csv_lists
from app.organizations import audit as trail
from app.organizations import keys as api_keys
from app.organizations import views as organization_views
from app.organizations.models import AuditEntry
from app.organizations.permissions import LEVELS, PERMISSIONS
from app.outbound import commands as outbound
from app.outbox import endpoints as outbound_endpoints
from app.outbox.event_types import EVENT_TYPES
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Dated, Downloadable, Listing, asked, blueprint, links
from app.pages.signed_in import SignedIn
from app.paging import Page
from app.referrals import client_keys
from app.referrals import views as referral_views
from app.signups import browser_keys
from app.signups import views as signup_views
from app.stripe_events.endpoints import commands, rows

PLACES: Final = (
    ("stripe_endpoints", "stripe", "endpoints:read"),
    ("keys", "keys", "keys:read"),
    ("people", "people", "people:read"),
    ("sessions", "sessions", None),
    ("webhooks", "webhooks", "webhooks:read"),
    ("mail_settings", "mails", "mails:read"),
    ("snippet", "snippet", "programs:read"),
    ("payout_settings", "payouts", "payouts:read"),
    ("referrals", "referrals", "referrals:read"),
    ("audit", "audit", "audit:read"),
    ("doctor", "doctor", "endpoints:read"),
)
"""The pages of settings: endpoint, name, and the permission that it needs, if any."""


class AuditQuery(Dated, Downloadable):
    """A filter of the audit trail."""

    action: str | None = None
    subject: str | None = None
    actor: str | None = None


@blueprint.get("/settings")
@signed_in.page("organizations:read")
def settings(_session: Session, who: SignedIn) -> Response:
    """The pages of settings that this person may read."""
    return layout.render("console/settings/index.html", who, places=PLACES)


@blueprint.get("/settings/stripe")
@signed_in.page("endpoints:read")
def stripe_endpoints(session: Session, who: SignedIn) -> Response:
    """The endpoints that Stripe's events arrive at."""
    query = asked(Listing)
    page = rows.list_endpoints(session, who.caller.organization_ids, limit=ROWS, starting_after=query.starting_after)
    shown = [commands.shown(row, configured.settings()) for row in page.rows]
    return layout.render(
        "console/settings/stripe.html",
        who,
        rows=shown,
        links=links(shown, has_more=page.has_more),
    )


@blueprint.get("/settings/keys")
@signed_in.page("keys:read")
def keys(session: Session, who: SignedIn) -> Response:
    """API keys without their values, revoked ones too, and the newest browser keys and client keys."""
    query = asked(Listing)
    page = api_keys.list_keys(session, who.caller.organization_ids, limit=ROWS, starting_after=query.starting_after)
    shown = [organization_views.key_body(key) for key in page.rows]
    of_pages = browser_keys.list_keys(session, who.caller.organization_ids, limit=ROWS)
    of_apps = client_keys.list_keys(session, who.caller.organization_ids, limit=ROWS)
    return layout.render(
        "console/settings/keys.html",
        who,
        rows=shown,
        client_keys=[referral_views.client_key_body(key) for key in of_apps.rows],
        claims=client_keys.CLAIMS,
        browser_keys=[signup_views.browser_key_body(key) for key in of_pages.rows],
        levels=LEVELS,
        permissions=PERMISSIONS,
        links=links(shown, has_more=page.has_more),
    )


@blueprint.get("/settings/webhooks")
@signed_in.page("webhooks:read")
def webhooks(session: Session, who: SignedIn) -> Response:
    """The addresses that messages are sent to."""
    query = asked(Listing)
    page = outbound_endpoints.list_endpoints(
        session, who.caller.organization_ids, limit=ROWS, starting_after=query.starting_after
    )
    shown = [outbound.shown(row) for row in page.rows]
    return layout.render(
        "console/settings/webhooks.html",
        who,
        rows=shown,
        event_types=EVENT_TYPES,
        links=links(shown, has_more=page.has_more),
    )


@blueprint.get("/settings/audit")
@signed_in.page("audit:read")
def audit(session: Session, who: SignedIn) -> Response:
    """What people, keys and the clock changed, newest first; as CSV, if `csv` is asked for."""
    query = asked(AuditQuery)
    filters = trail.EntryFilter(query.action, query.subject, query.actor, query.span)

    def load(session: Session, query: AuditQuery) -> Page[AuditEntry]:
        limit = csv_lists.ROWS_AT_ONCE if query.csv else ROWS
        owners = who.caller.organization_ids
        return trail.list_entries(session, owners, filters, limit=limit, starting_after=query.starting_after)

    def render(_session: Session, entries: Sequence[AuditEntry]) -> list[organization_views.AuditBody]:
        return [organization_views.audit_body(entry) for entry in entries]

    if query.csv:
        return csv_lists.stream(query, organization_views.AuditBody, load, render)
    page = load(session, query)
    shown = render(session, page.rows)
    return layout.render(
        "console/settings/audit.html",
        who,
        asked=query,
        rows=shown,
        links=links(shown, has_more=page.has_more),
    )
