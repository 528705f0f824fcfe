"""Examines an installation: runs all checks beside each other, each group in a thread, for a limited time.

A check whose service is away reports that, and the others are not delayed. A group that has not ended when the time is
over is reported as unfinished; its thread ends with the process.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from app.config import Settings
from app.doctor.checks import at_stripe, database, endpoints, machine, mail, public_address, redis_server
from app.doctor.examined import Examined, Open
from app.doctor.findings import OF_OPERATOR, Finding, found
from app.immutable import immutable

LIMIT_SECONDS: Final = 20.0
"""The longest time for all checks together."""
UNCHECKED: Final = ("database_unreachable", "database_failed", "schema_behind")
"""Findings after which the rest of a group is not checked."""

Check = Callable[[Examined], Iterable[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "database": database.check,
    "redis": redis_server.check,
    "stripe": at_stripe.check,
    "address": public_address.check,
    "mail": mail.check,
    "machine": machine.check,
}
"""The groups of checks, by name, in the order of their findings."""
OF_MERCHANT: Final[Mapping[str, Check]] = {name: CHECKS[name] for name in ("database", "stripe")}
"""The groups that examine what belongs to a merchant."""

log = structlog.get_logger(__name__)


@immutable
class Report:
    """The findings of all checks, failures first."""

    findings: tuple[Finding, ...]

    @property
    def has_failed(self) -> bool:
        """Whether a finding is a failure."""
        return any(finding.level == "failure" for finding in self.findings)


def examine(settings: Settings, open_transaction: Open, *, limit_seconds: float = LIMIT_SECONDS) -> Report:
    """Run every check. Changes nothing; asks Postgres, Redis, Stripe, the mail server and the public address.

    Args:
        settings: those of the installation.
        open_transaction: `db.transaction` for the whole installation, or a narrowed transaction.
        limit_seconds: when to stop waiting.
    """
    return Report(_findings(CHECKS, settings, open_transaction, limit_seconds))


def examine_merchant(settings: Settings, open_transaction: Open) -> Report:
    """As `examine`, of what `open_transaction` shows, without findings about the machine and its other tenants."""
    return Report(_for_merchant(_findings(OF_MERCHANT, settings, open_transaction, LIMIT_SECONDS)))


def examine_endpoint(settings: Settings, open_transaction: Open, endpoint_id: str) -> Report:
    """As `examine_merchant`, of one Stripe endpoint, `whe_…`, that is not disabled."""
    checks: Mapping[str, Check] = {
        "endpoints": partial(endpoints.check_one, endpoint_id=endpoint_id),
        "stripe": partial(at_stripe.check, endpoint_id=endpoint_id),
    }
    return Report(_for_merchant(_findings(checks, settings, open_transaction, LIMIT_SECONDS)))


def _for_merchant(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without the operator's; what kept the checks from running is shown without its details."""
    failed = [found("check_failed", check="database", kind=one.code) for one in findings if one.code in UNCHECKED]
    return (*_distinct(failed), *(one for one in findings if one.code not in OF_OPERATOR))


def _findings(
    checks: Mapping[str, Check], settings: Settings, open_transaction: Open, limit_seconds: float
) -> tuple[Finding, ...]:
    """What these checks find, failures first."""
    examined = Examined(settings, open_transaction, datetime.now(UTC))
    ended: queue.SimpleQueue[tuple[str, list[Finding]]] = queue.SimpleQueue()
    for name, check in checks.items():
        threading.Thread(target=_run, args=(name, check, examined, ended), name=f"doctor-{name}", daemon=True).start()
    by_check = _collect(ended, len(checks), time.monotonic() + limit_seconds)
    unfinished = {name: [found("check_unfinished", check=name, count=int(limit_seconds))] for name in checks}
    findings = [finding for name in checks for finding in by_check.get(name, unfinished[name])]
    return tuple(sorted(_distinct(findings), key=lambda finding: finding.level != "failure"))


def _run(name: str, check: Check, examined: Examined, ended: queue.SimpleQueue[tuple[str, list[Finding]]]) -> None:
    findings: list[Finding] = []
    try:
        findings.extend(check(examined))
    except OperationalError as failure:
        findings.append(_database_problem(examined, failure))
    except Exception as failure:  # noqa: BLE001  (a fault of one check must not hide what the others find)
        log.warning("check_failed", check=name, kind=type(failure).__name__)
        findings.append(found("check_failed", check=name, kind=type(failure).__name__))
    ended.put((name, findings))


def _collect(
    ended: queue.SimpleQueue[tuple[str, list[Finding]]], count: int, deadline: float
) -> dict[str, list[Finding]]:
    by_check: dict[str, list[Finding]] = {}
    while len(by_check) < count:
        try:
            name, findings = ended.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        by_check[name] = findings
    return by_check


def _database_problem(examined: Examined, failure: DBAPIError) -> Finding:
    """What the database failed with; its own text is left out, because it may have values."""
    sqlstate = getattr(failure.orig, "sqlstate", None)
    address = make_url(examined.settings.database_url)
    server = f"{address.query.get('host') or address.host}"
    if sqlstate is None:
        return found("database_unreachable", server=server)
    return found("database_failed", server=server, sqlstate=sqlstate)


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for finding in findings:
        if finding not in kept:
            kept.append(finding)
    return kept
