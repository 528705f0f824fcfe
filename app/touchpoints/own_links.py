"""A partner's own links: to the landing page or to another page of the program, with a sub-id that its visits keep."""

import re
from typing import Final

from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidRequest
from app.organizations.permissions import Caller
from app.partners.partner_side import enrollments, views
from app.partners.partner_side.enrollments import landing_link
from app.partners.partner_side.views import Referral
from app.programs.models import Program
from app.sentences.say import listed
from app.touchpoints import targets

SUB_ID: Final = "utm_content"
"""The parameter of a link that has the sub-id: visits keep it, and the page that the link leads to gets it."""
SUB_ID_FORMAT: Final = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


def load_link(
    session: Session, caller: Caller, program_id: str, public_url: str, *, to: str | None, sub_id: str | None
) -> Referral:
    """The caller's codes and links in a program, to a page and with a sub-id if these are given.

    Args:
        session: an affiliate's transaction.
        caller: whose organization is enrolled.
        program_id: the program's public id.
        public_url: the address of this server.
        to: a page on one of the program's landing hosts; None: its landing page.
        sub_id: what the partner calls this link; None: nothing.

    Raises:
        InvalidRequest: names `to` or `sub_id`.
        Conflict: `no_landing_page`: the program has none yet, so no link leads anywhere.
        NotFound, Forbidden: as `enrollments.get_enrollment`.
    """
    partner, program = enrollments.get_enrollment(session, caller, program_id)
    shown = views.load_referral(session, caller, program_id, public_url)
    shown.landing_hosts = sorted(targets.hosts_of(program.landing_url, program.landing_hosts))
    if not to and not sub_id:
        return shown
    if shown.link is None or program.landing_url is None:
        raise Conflict("the program has no landing page yet, so no link leads to one", code="no_landing_page")
    added = {"to": _page(program, to)} if to else {}
    tag = {SUB_ID: _valid(sub_id)} if sub_id else {}
    page = targets.with_parameters(to or program.landing_url, tag, {})
    shown.link = targets.with_parameters(shown.link, {**added, **tag}, {})
    shown.landing_link = landing_link(page, partner.slug)
    return shown


def _page(program: Program, to: str) -> str:
    """`to`, if a link of the program may lead there. Raises InvalidRequest."""
    hosts = targets.hosts_of(program.landing_url, program.landing_hosts)
    if targets.is_allowed(to, hosts, program.landing_url):
        return to
    host = targets.host_of(to)
    if not host:
        message = f'"{to[:100]}" is no web address; copy the whole address of the page, with https://'
    elif host in hosts:
        message = f'"{to[:100]}" begins with http://, and the program\'s pages with https://; use the https address'
    else:
        message = f"links of this program may lead to pages on {listed(sorted(hosts))}, not on {host}"
    raise InvalidRequest(message, param="to")


def _valid(sub_id: str) -> str:
    if SUB_ID_FORMAT.fullmatch(sub_id) is None:
        message = "has other characters than letters, digits, dots, hyphens and underscores, or more than 100"
        raise InvalidRequest(f'the sub-id "{sub_id[:100]}" {message}', param="sub_id")
    return sub_id
