"""Examines an installation: runs all checks beside each other, each group in a thread, for a limited time.

A check whose service is away reports that, and the others are not delayed. A group that has not ended when the time is
over is reported as unfinished; its thread ends with the process.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from app.config import Settings
from app.doctor.checks import at_stripe, database, machine, mail, public_address, redis_server
from app.doctor.examined import Examined, Open
from app.doctor.findings import Finding, found
from app.immutable import immutable

LIMIT_SECONDS: Final = 20.0
"""The longest time for all checks together."""

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
        open_transaction: `db.transaction` for the whole installation, or a narrowed transaction for a merchant.
        limit_seconds: when to stop waiting.
    """
    examined = Examined(settings, open_transaction, datetime.now(UTC))
    ended: queue.SimpleQueue[tuple[str, list[Finding]]] = queue.SimpleQueue()
    for name in CHECKS:
        threading.Thread(target=_run, args=(name, examined, ended), name=f"doctor-{name}", daemon=True).start()
    by_check = _collect(ended, time.monotonic() + limit_seconds)
    unfinished = {name: [found("check_unfinished", check=name, count=int(limit_seconds))] for name in CHECKS}
    findings = [finding for name in CHECKS for finding in by_check.get(name, unfinished[name])]
    return Report(tuple(sorted(_distinct(findings), key=lambda finding: finding.level != "failure")))


def _run(name: str, examined: Examined, ended: queue.SimpleQueue[tuple[str, list[Finding]]]) -> None:
    findings: list[Finding] = []
    try:
        findings.extend(CHECKS[name](examined))
    except OperationalError as failure:
        findings.append(_database_problem(examined, failure))
    except Exception as failure:  # noqa: BLE001  (a fault of one check must not hide what the others find)
        log.warning("check_failed", check=name, kind=type(failure).__name__)
        findings.append(found("check_failed", check=name, kind=type(failure).__name__))
    ended.put((name, findings))


def _collect(ended: queue.SimpleQueue[tuple[str, list[Finding]]], deadline: float) -> dict[str, list[Finding]]:
    by_check: dict[str, list[Finding]] = {}
    while len(by_check) < len(CHECKS):
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
