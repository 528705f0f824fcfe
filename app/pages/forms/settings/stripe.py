"""Stripe endpoints: creating one, what to enter at Stripe, its secrets and API key, and checking it."""

from collections.abc import Mapping
from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.doctor import stripe_setup
from app.doctor.views import ReportBody
from app.http import configured
from app.pages import layout, signed_in
from app.pages.console import settings
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Line
from app.pages.forms.once import once
from app.pages.forms.settings import confirming
from app.pages.forms.settings.confirming import What
from app.pages.signed_in import SignedIn
from app.stripe_events.endpoints import commands, rows
from app.stripe_events.endpoints.limits import LONGEST_OVERLAP_HOURS, OVERLAP_HOURS
from app.stripe_events.models import StripeEndpoint
from app.views import Request


class NewEndpoint(Request):
    """A new endpoint; Stripe shows the secret once its own endpoint is made, so both may be added later."""

    description: Line = ""
    secret: str | None = None
    api_key: str | None = Field(default=None, max_length=255)


class Description(Request):
    """Another description."""

    description: Line = ""


class NewSecret(Request):
    """Another signing secret."""

    secret: str
    expires_in_hours: int = Field(default=OVERLAP_HOURS, ge=0, le=LONGEST_OVERLAP_HOURS)


class NewApiKey(Request):
    """A Stripe API key."""

    api_key: str = Field(max_length=255)


@blueprint.post("/settings/stripe")
@signed_in.form("endpoints:write", shown_on=settings.stripe_endpoints)
@once
def create_endpoint(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Make an endpoint of the mode that is shown; its page says what to enter at Stripe."""
    caller, body = who.caller, sent(NewEndpoint)
    made = commands.create(
        session,
        caller,
        caller.organization_id,
        configured.settings(),
        livemode=caller.livemode,
        secret=body.secret,
        api_key=body.api_key,
        description=body.description,
    )
    return _changed(made.id, "endpoint_created")


@blueprint.get("/settings/stripe/<endpoint_id>")
@signed_in.page("endpoints:read")
def stripe_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> Response:
    """An endpoint, with what to enter at Stripe."""
    return show(session, who, endpoint_id)


def show(session: Session, who: SignedIn, endpoint_id: str, report: ReportBody | None = None) -> Response:
    """The page of an endpoint, with what a check found. Raises NotFound."""
    endpoint = rows.get_endpoint(session, who.caller.organization_ids, endpoint_id)
    shown = commands.shown(endpoint, configured.settings())
    return layout.render(
        "console/settings/stripe_endpoint.html",
        who,
        shown=shown,
        setups=[stripe_setup.setup_body(shown, connected=connected, on_page=True) for connected in (False, True)],
        hours=(OVERLAP_HOURS, LONGEST_OVERLAP_HOURS),
        report=report,
    )


@blueprint.post("/settings/stripe/<endpoint_id>/description")
@signed_in.form("endpoints:write", shown_on=stripe_endpoint)
def describe_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Change the description."""
    changes = {"description": sent(Description).description}
    return _change(session, who, endpoint_id, changes, "endpoint_changed")


@blueprint.post("/settings/stripe/<endpoint_id>/secrets")
@signed_in.form("endpoints:write", shown_on=stripe_endpoint)
def add_secret(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Add a signing secret; the present ones stay valid for some hours."""
    body, settings_ = sent(NewSecret), configured.settings()
    endpoint = _locked(session, who, endpoint_id)
    commands.add_secret(session, who.caller, endpoint, body.secret, settings_, expires_in_hours=body.expires_in_hours)
    return _changed(endpoint_id, "secret_added")


@blueprint.get("/settings/stripe/<endpoint_id>/secrets/<secret_id>/remove")
@signed_in.page("endpoints:write")
def ask_to_remove_secret(session: Session, who: SignedIn, endpoint_id: str, secret_id: str) -> Response:
    """What removing a secret does."""
    shown = commands.shown(rows.get_endpoint(session, who.caller.organization_ids, endpoint_id), configured.settings())
    hint = next((secret.ends_with for secret in shown.secrets if secret.id == secret_id), "")
    path = {"endpoint_id": endpoint_id, "secret_id": secret_id}
    return confirming.page(who, "remove_secret", path, back=_address(endpoint_id), hint=hint)


@blueprint.post("/settings/stripe/<endpoint_id>/secrets/<secret_id>/remove")
@signed_in.form("endpoints:write", shown_on=ask_to_remove_secret)
def remove_secret(session: Session, who: SignedIn, endpoint_id: str, secret_id: str) -> ResponseReturnValue:
    """Remove a signing secret: signatures by it are refused from now on."""
    endpoint = _locked(session, who, endpoint_id)
    commands.remove_secret(session, who.caller, endpoint, secret_id, configured.settings())
    return _changed(endpoint_id, "secret_removed")


@blueprint.post("/settings/stripe/<endpoint_id>/api-key")
@signed_in.form("endpoints:write", shown_on=stripe_endpoint)
def set_api_key(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Store a Stripe API key in the place of the present one."""
    return _change(session, who, endpoint_id, {"api_key": sent(NewApiKey).api_key}, "stripe_key_set")


@blueprint.post("/settings/stripe/<endpoint_id>/api-key/remove")
@signed_in.form("endpoints:write", shown_on=stripe_endpoint)
def remove_api_key(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Delete the Stripe API key; it can be entered again."""
    return _change(session, who, endpoint_id, {"api_key": None}, "stripe_key_removed")


@blueprint.get("/settings/stripe/<endpoint_id>/disable")
@signed_in.page("endpoints:write")
def ask_to_disable_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> Response:
    """What disabling an endpoint does."""
    return _ask(session, who, endpoint_id, "disable_endpoint")


@blueprint.post("/settings/stripe/<endpoint_id>/disable")
@signed_in.form("endpoints:write", shown_on=ask_to_disable_endpoint)
def disable_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Disable an endpoint: Stripe's deliveries are answered 404."""
    return _change(session, who, endpoint_id, {"disabled": True}, "endpoint_disabled")


@blueprint.post("/settings/stripe/<endpoint_id>/enable")
@signed_in.form("endpoints:write", shown_on=stripe_endpoint)
def enable_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Enable a disabled endpoint again."""
    return _change(session, who, endpoint_id, {"disabled": False}, "endpoint_enabled")


@blueprint.get("/settings/stripe/<endpoint_id>/delete")
@signed_in.page("endpoints:write")
def ask_to_delete_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> Response:
    """What deleting an endpoint does."""
    return _ask(session, who, endpoint_id, "delete_endpoint")


@blueprint.post("/settings/stripe/<endpoint_id>/delete")
@signed_in.form("endpoints:write", shown_on=ask_to_delete_endpoint)
def delete_endpoint(session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Disable an endpoint permanently and delete its secrets; its events stay."""
    commands.delete(session, who.caller, _locked(session, who, endpoint_id), configured.settings())
    return layout.flash(redirect(url_for("console.stripe_endpoints"), 303), "endpoint_deleted")


def _ask(session: Session, who: SignedIn, endpoint_id: str, what: What) -> Response:
    shown = commands.shown(rows.get_endpoint(session, who.caller.organization_ids, endpoint_id), configured.settings())
    named = shown.description or shown.id
    return confirming.page(who, what, {"endpoint_id": endpoint_id}, back=_address(endpoint_id), endpoint=named)


def _address(endpoint_id: str) -> str:
    return url_for("console.stripe_endpoint", endpoint_id=endpoint_id)


def _change(session: Session, who: SignedIn, endpoint_id: str, changes: Mapping[str, Any], flash: str) -> Response:
    commands.change(session, who.caller, _locked(session, who, endpoint_id), changes, configured.settings())
    return _changed(endpoint_id, flash)


def _locked(session: Session, who: SignedIn, endpoint_id: str) -> StripeEndpoint:
    return rows.get_endpoint(session, who.caller.organization_ids, endpoint_id, to_change=True)


def _changed(endpoint_id: str, flash: str) -> Response:
    return layout.flash(redirect(_address(endpoint_id), 303), flash)
