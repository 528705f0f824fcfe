"""The heaviest pages of console and portal over HTTP, one request at a time, with the statements that each executes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Final

from sqlalchemy import event, select

from app import db, ids, web
from app.commissions.models import Commission
from app.organizations import actors
from app.partners.joining import invitations
from app.partners.models import Partner
from app.payments.models import Payment
from app.people import login_links
from app.runtime.stack import HOST
from app.stripe_events.models import StripeEvent
from bench.figures import Figure, bounded
from bench.installation import CODE, OWNER, PARTNER, Installation

SAMPLES: Final = 100
WARM_UP_SAMPLES: Final = 10
TIMEOUT_SECONDS: Final = 60
MAX_MS: Final = 80
HEAVIEST: Final = 10
APPLICATION: Final = "bench.pages:counting()"
COUNT: Final = "Accrual-Statements"
"""The header with the number of statements that a page executed."""

Start = Callable[..., Any]


@dataclass(frozen=True)
class _Taken:
    """How long a page took, and how many statements it executed."""

    name: str
    p50_ms: float
    p95_ms: float
    statements: int


def counting() -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """The web application for one thread of requests, which says in a header how many statements each executed."""
    application = web.create_app()
    executed: list[int] = [0]

    def count(*_: object) -> None:
        executed[0] += 1

    event.listen(db.web_engine(), "before_cursor_execute", count)

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        executed[0] = 0

        def with_count(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start(status, [*headers, (COUNT, str(executed[0]))], *more)

        return application(environ, with_count)

    return answer


def measure(installation: Installation, port: int, commissions: int) -> list[Figure]:
    """Median, 95th percentile and statements of the pages that take longest with this number of commissions.

    `port` is that of `counting`. The partner is the one with the most commissions; it joins here.
    """
    partner_cookie = _join()
    asked = [
        *((name, path, _cookie(OWNER)) for name, path in _console(installation).items()),
        *((name, path, partner_cookie) for name, path in _portal(installation).items()),
    ]
    client = HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    taken = sorted((_take(client, *page) for page in asked), key=lambda one: one.p95_ms, reverse=True)
    figures = []
    for one in taken[:HEAVIEST]:
        name = f"page: {one.name}, at {commissions:,} commissions"
        figures.append(Figure(f"{name}, median", one.p50_ms, "ms"))
        figures.append(bounded(f"{name}, 95th percentile", one.p95_ms, unit="ms", at_most=MAX_MS))
        figures.append(Figure(f"{name}, statements", one.statements, ""))
    return figures


def _console(installation: Installation) -> Mapping[str, str]:
    with db.transaction() as session:
        partner = session.scalars(select(Partner).where(Partner.slug == CODE)).one()
        commission = session.scalars(select(Commission).order_by(Commission.id.desc()).limit(1)).one()
        payment = session.scalars(select(Payment).order_by(Payment.id.desc()).limit(1)).one()
        received = session.scalars(select(StripeEvent).order_by(StripeEvent.id.desc()).limit(1)).one()
    partner_id, program_id = ids.encode(ids.PARTNER, partner.id), installation.merchant.program_id
    return {
        "overview": "/console",
        "payments": "/console/payments",
        "payments without a partner": "/console/payments?attributed=false",
        "a payment": f"/console/payments/{ids.encode(ids.PAYMENT, payment.id)}",
        "commissions": "/console/commissions",
        "a partner's commissions": f"/console/commissions?partner={partner_id}",
        "a commission": f"/console/commissions/{ids.encode(ids.COMMISSION, commission.id)}",
        "what a bulk approval would approve": f"/console/commissions/approve?partner={partner_id}",
        "partners": "/console/partners",
        "a partner": f"/console/partners/{partner_id}",
        "a partner's balance": f"/console/partners/{partner_id}/balance",
        "programs": "/console/programs",
        "a program": f"/console/programs/{program_id}",
        "payouts": "/console/payouts",
        "statements": "/console/statements",
        "events": "/console/events",
        "an event": f"/console/events/{received.id}",
        "audit trail": "/console/settings/audit",
    }


def _portal(installation: Installation) -> Mapping[str, str]:
    program = f"/portal/{installation.merchant.program_id}"
    return {
        "portal: programs": "/portal",
        "portal: link and earnings": program,
        "portal: commissions": f"{program}/commissions",
        "portal: statements": f"{program}/statements",
        "portal: payout method": f"{program}/payout-method",
    }


def _join() -> str:
    """The partner joins by an invitation and signs in; returns its cookie."""
    with db.transaction() as session:
        partner = session.scalars(select(Partner).where(Partner.slug == CODE)).one()
        if partner.partner_organization_id is None:
            token, _ = invitations.issue(session, partner)
            invitations.join(session, actors.PUBLIC, token, "Ada")
    return _cookie(PARTNER)


def _cookie(email: str) -> str:
    with db.transaction() as session:
        token = login_links.issue_for(session, actors.CLI, email)
    with db.transaction() as session:
        return f"accrual_session={login_links.consume(session, token, user_agent='bench')}"


def _take(client: HTTPConnection, name: str, path: str, cookie: str) -> _Taken:
    """Measure a page. Raises RuntimeError if the answer is not that page."""
    taken_ms, statements = [], 0
    for _ in range(WARM_UP_SAMPLES + SAMPLES):
        began = perf_counter()
        client.request("GET", path, headers={"Cookie": cookie})
        answer = client.getresponse()
        body = answer.read()
        taken_ms.append(1000 * (perf_counter() - began))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
        statements = int(answer.headers[COUNT])
    measured_ms = taken_ms[WARM_UP_SAMPLES:]
    return _Taken(name, median(measured_ms), quantiles(measured_ms, n=20)[-1], statements)
