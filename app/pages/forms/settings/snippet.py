"""The snippet with a program's values, to copy, and the domain of the cookie of links."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, asked, blueprint, sent
from app.pages.console.programs import find
from app.pages.signed_in import SignedIn
from app.programs import programs, views
from app.touchpoints import cookie_domains
from app.touchpoints.snippet import of_program
from app.views import Request


class SnippetQuery(Request):
    """Which program."""

    program: str | None = None


class Domain(Request):
    """The domain of the cookie."""

    domain: str = Field(max_length=253)


@blueprint.get("/settings/snippet")
@signed_in.page("programs:read")
def snippet(session: Session, who: SignedIn) -> Response:
    """The snippet for a program, by default the default program."""
    owners, own = who.caller.organization_ids, who.caller.organization_id
    every = views.load_program_bodies(session, programs.list_programs(session, owners, limit=ROWS).rows)
    chosen = asked(SnippetQuery).program
    shown = None
    if every:
        program = find(session, who, chosen or every[0].id)
        [shown] = views.load_program_bodies(session, [program])
    cookie = cookie_domains.load_body(session, own)
    return layout.render(
        "console/settings/snippet.html",
        who,
        programs=[(one.id, one.name) for one in every],
        shown=shown,
        cookie=cookie,
        public_url=configured.settings().public_url,
        code=shown
        and of_program(
            configured.settings().public_url,
            shown.id,
            landing_url=shown.landing_url,
            window_days=shown.attribution_window_days,
            cookie_domain=cookie.domain,
        ),
    )


@blueprint.post("/settings/snippet/cookie-domain")
@signed_in.form("programs:write", shown_on=snippet)
def set_cookie_domain(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Set the domain of the cookie of links."""
    cookie_domains.change(session, who.caller, who.caller.organization_id, sent(Domain).domain)
    return _changed("cookie_domain_set")


@blueprint.post("/settings/snippet/cookie-domain/remove")
@signed_in.form("programs:write", shown_on=snippet)
def remove_cookie_domain(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Remove the domain: links set a cookie of their own host."""
    cookie_domains.remove(session, who.caller, who.caller.organization_id)
    return _changed("cookie_domain_removed")


def _changed(flash: str) -> Response:
    return layout.flash(redirect(url_for("console.snippet"), 303), flash)
