"""What an installation for live money needs and one for test money does not: mail, backups, an address for Stripe."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app.doctor.checks import endpoints, links
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found


def check(session: Session, examined: Examined) -> Iterator[Finding]:
    """Settings that are missing although there is an endpoint for live events."""
    settings = examined.settings
    if not any(endpoint.livemode for endpoint in endpoints.in_use(session)):
        return
    if links.is_local(urlsplit(settings.public_url).hostname or ""):
        yield found("public_url_local", url=settings.public_url)
    if settings.mail_mode == "off":
        yield found("mail_not_configured")
    if settings.backup_dir is None:
        yield found("backups_unknown")
