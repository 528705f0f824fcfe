"""`accrual demo`: one referred customer's story, as signed events to the webhook endpoint; and a lively example."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app import directories, ids, money, settings_files
from app.cli import organization as organizations
from app.cli import printing
from app.cli.merchants.offer import Offer
from app.cli.options import DataDir
from app.cli.server import bootstrap, explain
from app.errors import ConfigurationError, Unavailable
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.cli.server.bootstrap import Bootstrapped
    from app.runtime import stack


CODE: Final = "ada-lovelace"
STORY_DAYS: Final = 70  # long enough ago for two past renewals
CLOCK: Final = "clock"


def demo(
    data_dir: DataDir = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The port to serve on. Default: any free port.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Also make a lively example, print links that sign in to its console and to a partner's portal, and "
            "keep running until Ctrl-C.",
        ),
    ] = False,
) -> None:
    """Start everything, send one referred customer's signed Stripe events, show the ledger, and stop.

    Without --data-dir it uses a temporary directory and leaves nothing behind.
    """
    from app.runtime import processes, stack, supervisor

    with supervisor.interruptible(), _directory(data_dir, keep=keep) as directory:
        log = directory / "accrual.log"
        printing.say("Starting database, queue, web, workers and clock …")
        # The clock would approve half a year of commissions while the example is being made.
        later = (CLOCK,) if keep else ()
        with stack.serve(directory, port or stack.free_port(), log=log, later=later) as running:
            try:
                running.wait_until_ready()
                _run_story(running)
                if keep:
                    _make_example(running)
            except Unavailable as problem:
                raise Unavailable(f"{problem}\n{processes.last_lines(log)}") from None
            if keep:
                supervisor.supervise(running.launch_later())


@contextmanager
def _directory(data_dir: Path | None, *, keep: bool) -> Iterator[Path]:
    """The data directory. Raises ConfigurationError if the example cannot be made in it."""
    if keep:
        _refuse_used(data_dir)
    of_example = {"ACCRUAL_PAYOUTS_LIVE": "true", "ACCRUAL_WRITES_PER_MINUTE": "600"} if keep else {}
    if data_dir is not None:
        if keep:
            directories.make_data_directory(data_dir)
            settings_files.store(data_dir, of_example)
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="accrual-demo-", ignore_cleanup_errors=True) as temporary:
        settings_files.store(Path(temporary), {"ACCRUAL_WEB_WORKERS": "1", "ACCRUAL_WORKERS": "1", **of_example})
        yield Path(temporary)


def _refuse_used(data_dir: Path | None) -> None:
    """The example sets the clock of its ledger back, so it is made only in a new database of its own."""
    from app import config

    if config.is_given("DATABASE_URL"):
        raise ConfigurationError("demo --keep makes its example in a database of its own; unset DATABASE_URL")
    if data_dir is not None and data_dir.exists() and any(data_dir.iterdir()):
        raise ConfigurationError(
            f"demo --keep makes its example in a new data directory, and {data_dir} is not empty; name another with "
            "--data-dir, or leave it out"
        )


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
    from app.cli.demo.running import call

    partner = {"email": "ada@example.com", "slug": CODE, "first_name": "Ada", "last_name": "Lovelace"}
    invited = call("POST", f"{url}/api/v1/partners", api_key, partner)
    call("PATCH", f"{url}/api/v1/partners/{invited['id']}", api_key, {"status": "active"})


def _send_story(made: Bootstrapped) -> None:
    """Post the events, each when the one before is settled, and print the outcome of each."""
    from app.cli.demo.running import post, wait_for_outcomes
    from app.cli.demo.story import Story

    rows = []
    for words, event in Story(CODE, datetime.now(UTC) - timedelta(days=STORY_DAYS)).events():
        post(made, event)
        outcome = wait_for_outcomes([event["id"]])[event["id"]]
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
    from app.cli.demo.running import call

    newest = call("GET", f"{url}/api/v1/commissions", api_key)["commissions"][0]
    printing.say(f"\nThe newest commission, {newest['id']}, explained:", is_bold=True)
    explain.show(call("GET", f"{url}/api/v1/commissions/{newest['id']}/explanation", api_key))


def _make_example(running: stack.Stack) -> None:
    """Make the lively example, and print links to its console and to a partner's portal as the last lines."""
    from app import db
    from app.cli.demo import ledger_clock
    from app.cli.demo.example import making, people
    from app.cli.demo.running import RunningShop
    from app.runtime import embedded

    printing.say(f"\nMaking a lively example, {people.SHOP}: two programs and half a year of sales …", is_bold=True)
    directory = running.settings.data_dir
    with organizations.database(directory) as settings, ledger_clock.opened(embedded.owner_url(directory)) as clock:
        with db.transaction() as session:
            offered = Offer(landing_url=people.LANDING_URL)
            made = bootstrap.make(session, settings, people.SHOP, people.OWNER, new_key=True, offered=offered)
        making.make(RunningShop(running.url, made, clock), made.program_id, datetime.now(UTC))
        partner = people.PARTNERS[0]
        _print_links(
            settings.public_url,
            {f"The console of {people.SHOP}": people.OWNER, f"The portal of {partner.name}": partner.email},
        )


def _print_links(public_url: str, emails: Mapping[str, str]) -> None:
    """Print a new sign-in link for each address, below what it leads to."""
    from app import db
    from app.people import login_links

    printing.say("It runs until Ctrl-C. A link signs in once, within 15 minutes; open the second in a private window.")
    for leads_to, email in emails.items():
        with db.transaction() as session:
            address = login_links.address(public_url, login_links.issue_for(session, CLI, email))
        printing.say(f"\n{leads_to}, as {email}:\n{address}")
