"""Routes for what a visitor's browser remembers, for scripts of the program's own pages. Public."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Response, request
from sqlalchemy.exc import DBAPIError

from app import direct
from app.attribution.names import fold
from app.errors import NotFound
from app.http import throttle
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, surface
from app.rest.links import cookies, merchant_pages
from app.rest.links.finding import find_program
from app.rest.links.requests import MemoryBody, MemoryQuery, ProgramQuery
from app.touchpoints.links import Link, credited_codes
from app.touchpoints.memory import Memory, touched
from app.touchpoints.views import RememberedBody

PER_MINUTE: Final = 240
"""For each network address, which an office or a school may share."""
METHODS: Final = "GET, POST, DELETE"

api = surface("Links", __name__, "Partners' links and touchpoints. Public: no key.", "Memory")
api.before_request(merchant_pages.read_plain_text)


@api.get("/v1/memory", responses={"200": RememberedBody, "404": ErrorBody})
def show_memory(query: MemoryQuery) -> Response:
    """The code and session that the visitor's browser remembers, and which of the given codes credit no partner."""
    link = _admit(query.program)
    credited = _credited(link, query.code)
    return ViewResponse(_body(link, cookies.remembered(link), credited, query.code))


@api.post("/v1/memory", responses={"200": RememberedBody, "404": ErrorBody})
def set_memory(query: ProgramQuery, body: MemoryBody) -> Response:
    """Remember a code for the program's window; call it once the visitor has consented, if consent is needed.

    A code that credits no partner changes nothing. Without a session, that of the same code stays.
    """
    link = _admit(query.program)
    credited = _credited(link, [body.code])
    memory = cookies.remembered(link)
    is_new = credited.get(fold(body.code)) == link.program_id
    if is_new:
        memory = touched(memory, fold(body.code), body.session, datetime.now(UTC))
    response = ViewResponse(_body(link, memory, credited, [body.code]))
    if is_new and memory is not None:
        cookies.remember(response, link, memory)
    return response


@api.delete("/v1/memory", responses={"204": {"description": "Forgotten."}, "404": ErrorBody})
def delete_memory(query: ProgramQuery) -> Response:
    """Forget: delete the cookie. A script cannot do that itself, because it cannot see the cookie."""
    link = _admit(query.program)
    response = Response(status=204)
    cookies.forget(response, link)
    return response


@api.after_request
def _allow_own_pages(response: Response) -> Response:
    """Let the program's own pages read the response with the visitor's cookie, and answer their preflight requests."""
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    origin = request.headers.get("Origin")
    if origin is not None and _is_own_origin(origin):
        merchant_pages.allow(response, METHODS, with_credentials=True)
    return response


def _admit(program_id: str) -> Link:
    """The program, if the page that asks is its own. Raises NotFound, Forbidden and RateLimited."""
    throttle.count_public("memory", per_minute=PER_MINUTE)
    link = find_program(program_id)
    merchant_pages.refuse_others(link)
    return link


def _is_own_origin(origin: str) -> bool:
    try:
        return merchant_pages.is_own_origin(find_program(request.args.get("program", "")), origin)
    except (NotFound, DBAPIError):
        return False


def _credited(link: Link, codes: Sequence[str]) -> dict[str, object]:
    names = {fold(code) for code in codes} - {""}
    return dict(direct.run(credited_codes, link.organization_id, names))


def _body(link: Link, memory: Memory | None, credited: dict[str, object], codes: Sequence[str]) -> RememberedBody:
    return RememberedBody(
        code=memory and memory.code,
        session=(memory and memory.session_id) or None,
        touched_at=memory and memory.touched_at,
        expires_at=memory and memory.touched_at + timedelta(days=link.window_days),
        unknown=[code for code in codes if fold(code) not in credited],
    )
