"""Whether the cookie of links can be read on the merchants' pages: it needs a host of the same domain."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import domains, ids
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.programs.models import Program
from app.touchpoints.models import CookieDomain
from app.touchpoints.targets import host_of


def check(session: Session, examined: Examined) -> Iterator[Finding]:
    """Cookie domains that do not contain the host of links, and programs whose pages are on another domain.

    Nothing is checked while the public address is on this machine.
    """
    host = urlsplit(examined.settings.public_url).hostname or ""
    if is_local(host):
        return
    foreign = set()
    for row in session.scalars(select(CookieDomain).order_by(CookieDomain.organization_id)):
        if not f".{host}".endswith(f".{row.domain}"):
            foreign.add(row.organization_id)
            owner = ids.encode(ids.ORGANIZATION, row.organization_id)
            yield found("cookie_domain_foreign", organization=owner, host=host, domain=row.domain)
    for program in session.scalars(select(Program).where(Program.status == "active").order_by(Program.id)):
        page_host = host_of(program.landing_url or "").partition(":")[0]
        if page_host and program.organization_id not in foreign and domains.site_of(page_host) != domains.site_of(host):
            program_id = ids.encode(ids.PROGRAM, program.id)
            yield found("cookie_host_foreign", program=program_id, host=host, page_host=page_host)


def is_local(host: str) -> bool:
    """Whether the host is this machine or an address without a domain."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host
    return True
