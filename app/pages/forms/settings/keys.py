"""API keys and client keys, whose secrets are shown once, and browser keys, which are public: made and revoked."""

from typing import Annotated

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.organizations import keys as api_keys
from app.organizations.views import LevelWord, Scope, key_body, new_key_body
from app.pages import layout, signed_in
from app.pages.console import settings
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Word
from app.pages.forms.once import once
from app.pages.forms.settings import confirming
from app.pages.signed_in import SignedIn
from app.referrals import client_keys
from app.referrals import views as referral_views
from app.signups import browser_keys
from app.views import OneOf, Request


class NewKey(Request):
    """A new API key; without scopes it has all permissions of its level."""

    name: Word
    level: LevelWord = "read"
    scopes: list[Scope] = Field(default=[])


class NewBrowserKey(Request):
    """A new browser key."""

    name: Word
    origins: str = Field(min_length=1, max_length=20_000)


@blueprint.post("/settings/keys")
@signed_in.form("keys:write", shown_on=settings.keys)
@once
def create_key(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Make an API key of the mode that is shown; the page after it shows the value, this once."""
    caller, body = who.caller, sent(NewKey)
    key, plaintext = api_keys.issue_key(
        session,
        caller,
        caller.organization_id,
        name=body.name.strip(),
        level=body.level,
        livemode=caller.livemode,
        scopes=body.scopes,
    )
    return layout.render("console/settings/key_created.html", who, status=201, shown=new_key_body(key, plaintext))


@blueprint.get("/settings/keys/<key_id>/revoke")
@signed_in.page("keys:write")
def ask_to_revoke_key(session: Session, who: SignedIn, key_id: str) -> Response:
    """What revoking an API key does."""
    shown = key_body(api_keys.get_key(session, who.caller.organization_ids, key_id))
    return confirming.page(
        who, "revoke_key", {"key_id": key_id}, back=url_for("console.keys"), name=shown.name, hint=shown.ends_with
    )


@blueprint.post("/settings/keys/<key_id>/revoke")
@signed_in.form("keys:write", shown_on=ask_to_revoke_key)
def revoke_key(session: Session, who: SignedIn, key_id: str) -> ResponseReturnValue:
    """Revoke an API key permanently. What it created stays."""
    api_keys.revoke_key(session, who.caller, who.caller.organization_ids, key_id)
    return layout.flash(redirect(url_for("console.keys"), 303), "key_revoked")


@blueprint.post("/settings/keys/browser")
@signed_in.form("keys:write", shown_on=settings.keys)
@once
def create_browser_key(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Make a browser key of the mode that is shown, for pages on these origins."""
    caller, body = who.caller, sent(NewBrowserKey)
    browser_keys.create(
        session,
        caller,
        caller.organization_id,
        livemode=caller.livemode,
        name=body.name.strip(),
        allowed_origins=body.origins.split(),
    )
    return layout.flash(redirect(url_for("console.keys"), 303), "browser_key_created")


@blueprint.get("/settings/keys/browser/<browser_key_id>/revoke")
@signed_in.page("keys:write")
def ask_to_revoke_browser_key(session: Session, who: SignedIn, browser_key_id: str) -> Response:
    """What revoking a browser key does."""
    key = browser_keys.get_key(session, who.caller.organization_ids, browser_key_id)
    path, back = {"browser_key_id": browser_key_id}, url_for("console.keys")
    return confirming.page(who, "revoke_browser_key", path, back=back, name=key.name)


@blueprint.post("/settings/keys/browser/<browser_key_id>/revoke")
@signed_in.form("keys:write", shown_on=ask_to_revoke_browser_key)
def revoke_browser_key(session: Session, who: SignedIn, browser_key_id: str) -> ResponseReturnValue:
    """Revoke a browser key permanently. What it reported stays."""
    key = browser_keys.get_key(session, who.caller.organization_ids, browser_key_id, to_change=True)
    browser_keys.revoke(session, who.caller, key)
    return layout.flash(redirect(url_for("console.keys"), 303), "key_revoked")


class NewClientKey(Request):
    """A new client key."""

    name: Word
    claims: Annotated[str, OneOf(client_keys.CLAIMS)] = client_keys.PER_CODE


@blueprint.post("/settings/keys/client")
@signed_in.form("keys:write", shown_on=settings.keys)
@once
def create_client_key(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Make a client key of the mode that is shown; the page after it shows its secret, this once."""
    caller, body = who.caller, sent(NewClientKey)
    key, secret = client_keys.create(
        session,
        caller,
        caller.organization_id,
        configured.settings(),
        livemode=caller.livemode,
        name=body.name.strip(),
        claims=body.claims,
    )
    shown = referral_views.new_client_key_body(key, secret)
    return layout.render("console/settings/client_key_created.html", who, status=201, shown=shown)


@blueprint.get("/settings/keys/client/<client_key_id>/revoke")
@signed_in.page("keys:write")
def ask_to_revoke_client_key(session: Session, who: SignedIn, client_key_id: str) -> Response:
    """What revoking a client key does."""
    key = client_keys.get_key(session, who.caller.organization_ids, client_key_id)
    path, back = {"client_key_id": client_key_id}, url_for("console.keys")
    return confirming.page(who, "revoke_client_key", path, back=back, name=key.name)


@blueprint.post("/settings/keys/client/<client_key_id>/revoke")
@signed_in.form("keys:write", shown_on=ask_to_revoke_client_key)
def revoke_client_key(session: Session, who: SignedIn, client_key_id: str) -> ResponseReturnValue:
    """Revoke a client key permanently and delete its secret. Codes, claims and balances stay."""
    key = client_keys.get_key(session, who.caller.organization_ids, client_key_id, to_change=True)
    client_keys.revoke(session, who.caller, key)
    return layout.flash(redirect(url_for("console.keys"), 303), "key_revoked")
