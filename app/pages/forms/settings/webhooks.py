"""Outbound webhooks: endpoints with their secrets, shown once, test messages, and deliveries that are sent again."""

from typing import Annotated

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.outbound import commands
from app.outbound.addresses import LONGEST_URL
from app.outbox import deliveries, endpoints
from app.outbox.event_types import ALL, EVENT_TYPES
from app.outbox.models import OutboundEndpoint
from app.pages import layout, signed_in
from app.pages.console import events, settings
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Line
from app.pages.forms.once import once
from app.pages.forms.settings import confirming
from app.pages.forms.settings.confirming import What
from app.pages.signed_in import SignedIn
from app.views import OneOf, Request


class WebhookFields(Request):
    """What an endpoint gets, and where. Without event types it gets every type, later ones too."""

    url: str = Field(max_length=LONGEST_URL)
    events: list[Annotated[str, OneOf(EVENT_TYPES)]] = Field(default=[])
    description: Line = ""
    include_backfill: bool = False


@blueprint.post("/settings/webhooks")
@signed_in.form("webhooks:write", shown_on=settings.webhooks)
@once
def create_webhook(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Make an endpoint of the mode that is shown; the page after it shows the signing secret, this once."""
    caller, body = who.caller, sent(WebhookFields)
    asked = commands.NewEndpoint(body.url, body.events or [ALL], body.description, body.include_backfill)
    made = commands.create(
        session, caller, caller.organization_id, configured.settings(), livemode=caller.livemode, asked=asked
    )
    return layout.render("console/settings/webhook_secret.html", who, status=201, shown=made)


@blueprint.get("/settings/webhooks/<webhook_endpoint_id>")
@signed_in.page("webhooks:read")
def webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> Response:
    """An endpoint: what it gets, and whether it works."""
    endpoint = endpoints.get_endpoint(session, who.caller.organization_ids, webhook_endpoint_id)
    return layout.render("console/settings/webhook.html", who, shown=commands.shown(endpoint), event_types=EVENT_TYPES)


@blueprint.post("/settings/webhooks/<webhook_endpoint_id>")
@signed_in.form("webhooks:write", shown_on=webhook)
def change_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> ResponseReturnValue:
    """Change the address, the event types and the description."""
    body = sent(WebhookFields)
    changes = body.model_dump() | {"events": body.events or [ALL]}
    endpoint = _locked(session, who, webhook_endpoint_id)
    commands.change(session, who.caller, endpoint, changes, configured.settings())
    return _changed(webhook_endpoint_id, "webhook_changed")


@blueprint.post("/settings/webhooks/<webhook_endpoint_id>/test")
@signed_in.form("webhooks:write", shown_on=webhook)
def test_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> ResponseReturnValue:
    """Send a test message; its delivery's page shows the answer."""
    delivery = commands.send_test(session, who.caller, _locked(session, who, webhook_endpoint_id))
    return _to_delivery(delivery.id, "webhook_tested")


@blueprint.get("/settings/webhooks/<webhook_endpoint_id>/rotate")
@signed_in.page("webhooks:write")
def ask_to_rotate_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> Response:
    """What another signing secret means."""
    return _ask(session, who, webhook_endpoint_id, "rotate_webhook")


@blueprint.post("/settings/webhooks/<webhook_endpoint_id>/rotate")
@signed_in.form("webhooks:write", shown_on=ask_to_rotate_webhook)
@once
def rotate_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> ResponseReturnValue:
    """Give the endpoint another signing secret, shown this once."""
    endpoint = _locked(session, who, webhook_endpoint_id)
    rotated = commands.rotate_secret(session, who.caller, endpoint, configured.settings())
    return layout.render("console/settings/webhook_secret.html", who, status=201, shown=rotated)


@blueprint.get("/settings/webhooks/<webhook_endpoint_id>/disable")
@signed_in.page("webhooks:write")
def ask_to_disable_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> Response:
    """What disabling an endpoint does."""
    return _ask(session, who, webhook_endpoint_id, "disable_webhook")


@blueprint.post("/settings/webhooks/<webhook_endpoint_id>/disable")
@signed_in.form("webhooks:write", shown_on=ask_to_disable_webhook)
def disable_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> ResponseReturnValue:
    """Disable an endpoint: it gets no further messages."""
    endpoint = _locked(session, who, webhook_endpoint_id)
    commands.change(session, who.caller, endpoint, {"disabled": True}, configured.settings())
    return _changed(webhook_endpoint_id, "endpoint_disabled")


@blueprint.post("/settings/webhooks/<webhook_endpoint_id>/enable")
@signed_in.form("webhooks:write", shown_on=webhook)
def enable_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> ResponseReturnValue:
    """Enable an endpoint again: what waited for it is sent."""
    endpoint = _locked(session, who, webhook_endpoint_id)
    commands.change(session, who.caller, endpoint, {"disabled": False}, configured.settings())
    return _changed(webhook_endpoint_id, "endpoint_enabled")


@blueprint.get("/settings/webhooks/<webhook_endpoint_id>/delete")
@signed_in.page("webhooks:write")
def ask_to_delete_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> Response:
    """What deleting an endpoint does."""
    return _ask(session, who, webhook_endpoint_id, "delete_webhook")


@blueprint.post("/settings/webhooks/<webhook_endpoint_id>/delete")
@signed_in.form("webhooks:write", shown_on=ask_to_delete_webhook)
def delete_webhook(session: Session, who: SignedIn, webhook_endpoint_id: str) -> ResponseReturnValue:
    """Delete an endpoint with its secrets; its deliveries stay listed."""
    commands.delete(session, who.caller, _locked(session, who, webhook_endpoint_id))
    return layout.flash(redirect(url_for("console.webhooks"), 303), "endpoint_deleted")


@blueprint.post("/deliveries/<delivery_id>/resend")
@signed_in.form("webhooks:write", shown_on=events.delivery)
def resend_delivery(session: Session, who: SignedIn, delivery_id: str) -> ResponseReturnValue:
    """Send a message again, with the same id."""
    row = deliveries.get_delivery(session, who.caller.organization_ids, delivery_id, to_change=True)
    commands.resend(session, who.caller, row)
    return _to_delivery(delivery_id, "delivery_resent")


def _ask(session: Session, who: SignedIn, webhook_endpoint_id: str, what: What) -> Response:
    endpoint = endpoints.get_endpoint(session, who.caller.organization_ids, webhook_endpoint_id)
    back = url_for("console.webhook", webhook_endpoint_id=webhook_endpoint_id)
    return confirming.page(who, what, {"webhook_endpoint_id": webhook_endpoint_id}, back=back, url=endpoint.url)


def _locked(session: Session, who: SignedIn, webhook_endpoint_id: str) -> OutboundEndpoint:
    return endpoints.get_endpoint(session, who.caller.organization_ids, webhook_endpoint_id, to_change=True)


def _changed(webhook_endpoint_id: str, flash: str) -> Response:
    back = redirect(url_for("console.webhook", webhook_endpoint_id=webhook_endpoint_id), 303)
    return layout.flash(back, flash)


def _to_delivery(delivery_id: str, flash: str) -> Response:
    return layout.flash(redirect(url_for("console.delivery", delivery_id=delivery_id), 303), flash)
