"""Finding links and programs for visitors: cached ones while the database cannot be reached."""

import structlog
from flask import current_app

from app import direct, ids
from app.attribution.names import fold
from app.errors import NotFound, Unavailable
from app.refusals import DATABASE_GONE
from app.touchpoints.links import Link, Links

log = structlog.get_logger(__name__)


def links() -> Links:
    """The cache of links in this process."""
    kept: Links = current_app.extensions["accrual_links"]
    return kept


def find_link(code: str, program_id: str) -> Link | None:
    """The link; a cached one if it is fresh or the database cannot be reached.

    Raises Unavailable if the database cannot be reached and the link is not cached.
    """
    key = (fold(code), program_id)
    is_fresh, link = links().cached(*key)
    if is_fresh:
        return link
    if not links().is_paused:
        try:
            loaded = direct.run(links().load, *key)
        except DATABASE_GONE:
            links().pause()
        else:
            _warn_without_landing_page(loaded)
            return loaded
    if link is None:
        raise Unavailable("The database cannot be reached; try again.")
    return link


def find_program(program_id: str) -> Link:
    """A program as a link that credits no partner.

    Raises:
        NotFound: there is no such program.
        DBAPIError: the database cannot be reached.
    """
    link = direct.run(links().load_program, program_id)
    if link is None:
        raise NotFound.of("program", program_id, param="program")
    return link


def _warn_without_landing_page(link: Link | None) -> None:
    """Log that a link has no landing page; at most every five seconds for each code and process."""
    if link is not None and link.landing_url is None:
        program_id = ids.encode(ids.PROGRAM, link.program_id)
        log.warning("landing_page_missing", code=link.code, program_id=program_id)
