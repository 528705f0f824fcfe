"""`accrual demo`: one referred customer's story, as signed events to the webhook endpoint."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app import ids, money, settings_files
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import DataDir
from app.cli.server import bootstrap, explain
from app.cli.server.bootstrap import Bootstrapped
from app.cli.stripe import delivery, send
from app.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from app.runtime import stack


CODE: Final = "ada-lovelace"
STORY_DAYS: Final = 70  # long enough ago for two past renewals
SETTLE_SECONDS: Final = 30


def demo(
    data_dir: DataDir = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The port to serve on. Default: any free port.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep running afterwards, until Ctrl-C.")] = False,
) -> None:
    """Start everything, send one referred customer's signed Stripe events, show the ledger, and stop.

    Without --data-dir it uses a temporary directory and leaves nothing behind.
    """
    from app.runtime import processes, stack, supervisor

    with supervisor.interruptible(), _directory(data_dir) as directory:
        log = directory / "accrual.log"
        printing.say("Starting database, queue, web, workers and clock …")
        with stack.serve(directory, port or stack.free_port(), log=log) as running:
            try:
                running.wait_until_ready()
                _run_story(running)
            except Unavailable as problem:
                raise Unavailable(f"{problem}\n{processes.last_lines(log)}") from None
            if keep:
                printing.say(f"\nready {running.url}")
                supervisor.supervise(running.children)


@contextmanager
def _directory(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="accrual-demo-", ignore_cleanup_errors=True) as temporary:
        settings_files.store(Path(temporary), {"ACCRUAL_WEB_WORKERS": "1", "ACCRUAL_WORKERS": "1"})
        yield Path(temporary)


def _run_story(running: stack.Stack) -> None:
    from app import db

    if running.settings.stripe_livemode:
        raise ConfigurationError(
            "the demo sends test events, so it does not run with ACCRUAL_STRIPE_LIVEMODE=true; unset it, or use "
            "another data directory"
        )
    with organizations.database(running.settings.data_dir) as settings:
        with db.transaction() as session:
            made = bootstrap.make(session, settings, "Demo shop", "shop@example.com", new_key=True)
        assert made.api_key is not None, "one was asked for"
        _enroll_partner(running.url, made.api_key)
        printing.say(f"Ada is a partner of Demo shop: 20 % of every payment, code {CODE}.\n", is_bold=True)
        _send_story(made)
        _print_ledger(made)
    _print_explanation(running.url, made.api_key)


def _enroll_partner(url: str, api_key: str) -> None:
    """Invite Ada and set her active, as any client of the API would."""
    partner = {"email": "ada@example.com", "slug": CODE, "first_name": "Ada", "last_name": "Lovelace"}
    invited = _api("POST", f"{url}/api/v1/partners", api_key, partner)
    _api("PATCH", f"{url}/api/v1/partners/{invited['id']}", api_key, {"status": "active"})


def _send_story(made: Bootstrapped) -> None:
    """Post the events, each when the one before is settled, and print the outcome of each."""
    from app.cli.demo.story import Story

    rows = []
    for words, event in Story(CODE, datetime.now(UTC) - timedelta(days=STORY_DAYS)).events():
        status, answer = delivery.post(made.webhook_url, made.webhook_secret, event)
        if status != 200:
            raise Unavailable(f"{event['type']} was answered {status}: {answer}")
        outcome = send.wait_for_outcomes([event["id"]], seconds=SETTLE_SECONDS).get(event["id"])
        if outcome is None:
            raise Unavailable(f"{event['type']} was not processed within {SETTLE_SECONDS} seconds")
        rows.append({"what happens": words, "Stripe event": event["type"], "outcome": outcome})
    printing.listing(rows)


def _print_ledger(made: Bootstrapped) -> None:
    """Print every entry with its postings: debits positive, credits negative; each entry sums to zero."""
    from app import db
    from app.ledger import entries

    printing.say("\nThe ledger. Each entry sums to zero, and none is ever changed:", is_bold=True)
    with db.transaction() as session:
        rows = entries.list_entries(session, ids.decode(made.organization_id, ids.ORGANIZATION))
    lines, previous = [], None
    for row in rows:
        is_first = row.entry_id != previous
        previous = row.entry_id
        lines.append(
            {
                "occurred at": row.occurred_at if is_first else "",
                "entry": row.kind if is_first else "",
                "account": row.account,
                "amount": money.format_money(row.amount_minor, row.currency).rjust(12),
                "caused by": row.cause if is_first else "",
            }
        )
    printing.listing(lines)


def _print_explanation(url: str, api_key: str) -> None:
    """Print the explanation of the refunded month."""
    newest = _api("GET", f"{url}/api/v1/commissions", api_key)["commissions"][0]
    printing.say(f"\nThe newest commission, {newest['id']}, explained:", is_bold=True)
    explain.show(_api("GET", f"{url}/api/v1/commissions/{newest['id']}/explanation", api_key))


def _api(method: str, url: str, api_key: str, body: dict[str, Any] | None = None) -> Any:
    """The answer of our own API; anything but success ends the demo."""
    from app.runtime import http_client

    content = json.dumps(body).encode() if body is not None else None
    status, answer = http_client.call(method, url, content, {"Authorization": f"Bearer {api_key}"})
    if status >= 300:
        raise Unavailable(f"{method} {url} was answered {status}: {answer}")
    return answer
