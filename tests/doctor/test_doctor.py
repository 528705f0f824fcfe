"""A healthy installation is reported as that; faults of its data, and what the command prints."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from redis import Redis
from rq import Queue, Worker
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from app import db, jobs, settings_files
from app.cli.main import app
from app.config import Settings
from app.doctor.examine import examine, examine_merchant
from app.organizations.actors import CLI
from app.payouts.connect import restored
from app.stripe_events.scope import Scope
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest
from app.transfer.exports.stored import commands as exports
from tests.api import reserved
from tests.api.sales import sell
from tests.cast import Merchant, open_endpoint, open_merchant
from tests.conftest import Drain, deliver_to
from tests.platform.conftest import reset_logging
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER

from .conftest import LIVE_SECRET, Installation

HOLD = text("""
    INSERT INTO payout_transfers (payout_id, organization_id, livemode, account, currency, amount_minor, problem)
    SELECT id, organization_id, livemode, 'acct_1', currency, net_minor,
           jsonb_build_object('problem', CAST(:held AS text))
    FROM payouts
""")
"""As a restoration holds a transfer that the former installation may have sent."""


def test_a_healthy_installation_has_no_findings(installation: Installation) -> None:
    assert installation.found() == {}


def test_a_merchant_sees_findings_about_its_own_endpoints_only(installation: Installation, merchant: Merchant) -> None:
    """As a page calls it: in the web server's transaction, narrowed to an organization and a mode."""
    with db.transaction() as session:
        stranger = open_merchant(session, "Another")

    @contextmanager
    def narrowed(organization_id: UUID) -> Iterator[Session]:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, [organization_id], livemode=False)
            yield session

    assert examine(installation.settings, partial(narrowed, merchant.organization_id)).findings == ()
    found = examine(installation.settings, partial(narrowed, stranger.organization_id)).findings
    assert [finding.code for finding in found] == ["endpoint_missing"]


def test_a_merchant_learns_that_the_database_was_away_and_not_where_it_is(
    installation: Installation, unused_port: int
) -> None:
    engine = create_engine(f"postgresql+psycopg://ada@127.0.0.1:{unused_port}/accrual")
    found = examine_merchant(installation.settings, sessionmaker(engine).begin).findings
    assert [(finding.code, dict(finding.values)) for finding in found] == [
        ("check_failed", {"check": "database", "kind": "database_unreachable"})
    ]


def test_payments_that_name_no_partner(installation: Installation, application: Flask, drain: Drain) -> None:
    events = [event for _ in range(50) for event in Customer(CLOVER).subscribes().events]
    deliver_to(application, installation.path)(events)
    drain()
    found = installation.found()
    assert list(found) == ["payments_name_no_partner"]
    assert found["payments_name_no_partner"].values["count"] == 50
    assert "metadata" in found["payments_name_no_partner"].sentence


def test_events_that_no_worker_processes(installation: Installation, application: Flask) -> None:
    deliver_to(application, installation.path)(Customer(CLOVER).subscribes().events)
    with db.transaction() as session:
        session.execute(text("UPDATE due_events SET next_attempt_at = now() - interval '10 minutes'"))
    assert "python -m worker" in installation.found()["events_unprocessed"].sentence


def test_an_event_that_is_parked(installation: Installation, application: Flask, drain: Drain) -> None:
    broken = {**Customer(CLOVER).subscribes().event("invoice.paid"), "data": {}}
    deliver_to(application, installation.path)([broken])
    drain()
    assert "accrual events replay" in installation.found()["events_parked"].sentence


def test_what_stripe_was_asked_in_vain(installation: Installation, merchant: Merchant) -> None:
    """A key that was revoked; what Stripe does not have is an answer."""
    scope = Scope(merchant.organization_id, "", livemode=False)
    requests = [LookupRequest(lookups.HISTORY, "cus_1"), LookupRequest(lookups.HISTORY, "cus_2")]
    for problem, found in (("stripe_missing", []), ("stripe_key_unknown", ["lookups_given_up"])):
        with db.transaction() as session:
            lookups.insert_requests(session, scope, requests)
            for _ in requests:
                claimed = lookups.claim(session)
                assert claimed is not None
                lookups.finish(session, claimed, {"problem": problem})
        assert list(installation.found()) == found
    finding = installation.found()["lookups_given_up"]
    assert (finding.level, finding.values["count"]) == ("warning", 2)
    assert "was revoked (401)" in finding.sentence
    assert "accrual waiting --ask-again" in finding.sentence


def test_exports_whose_process_does_not_run(installation: Installation, merchant: Merchant) -> None:
    """A process registers in Redis as RQ's workers do."""
    with db.transaction() as session:
        owner = merchant.organization_id
        exports.request_export(session, CLI, owner, livemode=False, passphrase=None)
    assert "`python -m worker archives`" in installation.found()["process_missing"].sentence
    queue = Queue(jobs.ARCHIVES_QUEUE, connection=Redis.from_url(installation.settings.redis_url))
    worker = Worker([queue], connection=queue.connection)
    worker.register_birth()
    assert installation.found() == {}
    worker.register_death()
    assert "process_missing" in installation.found()


def test_what_is_missing_for_live_money(installation: Installation, merchant: Merchant) -> None:
    open_endpoint(merchant.organization_id, installation.settings, LIVE_SECRET, livemode=True)
    installation.change(smtp_url=None, backup_dir=None)
    assert {"public_url_local", "mail_not_configured", "backups_unknown", "no_event_yet"} == set(installation.found())


def test_payouts_that_wait_for_the_switch_or_for_a_release(installation: Installation, merchant: Merchant) -> None:
    with db.transaction() as session:
        reserved.reserve(session, merchant, "ben", sell(session, merchant, "ben", 1))
    assert "ACCRUAL_PAYOUTS_LIVE=true" in installation.found()["payouts_switched_off"].sentence
    installation.change(payouts_live=True)
    assert installation.found() == {}
    with db.transaction() as session:
        session.execute(HOLD, {"held": restored.HELD})
    assert "accrual payouts release" in installation.found()["payouts_held"].sentence


def run(settings: Settings, directory: Path, *options: str) -> Any:
    """Run the command with these settings."""
    values = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    names = ("public_url", "stripe_api_base", "backup_dir", "mail_from", "disk_free_mb")
    values |= {f"ACCRUAL_{name.upper()}": str(getattr(settings, name)) for name in names}
    values |= {"ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value()}
    settings_files.store(directory, values)
    try:
        return CliRunner().invoke(app, ["doctor", "--data-dir", str(directory), *options])
    finally:
        reset_logging()


def test_the_command_prints_one_line_for_a_healthy_installation(installation: Installation, tmp_path: Path) -> None:
    done = run(installation.settings, tmp_path)
    assert (done.stdout, done.exit_code) == ("Healthy: no check found a fault.\n", 0)
    done = run(installation.settings, tmp_path, "--json")
    assert (json.loads(done.stdout), done.exit_code) == ({"healthy": True, "findings": []}, 0)


def test_the_command_reports_a_database_that_is_away_and_checks_the_rest(
    installation: Installation, unused_port: int, tmp_path: Path
) -> None:
    away = f"postgresql://ada:secret-word@127.0.0.1:{unused_port}/accrual"
    installation.change(database_url=away, disk_free_mb=10**12)
    done = run(installation.settings, tmp_path, "--json")
    codes = [finding["code"] for finding in json.loads(done.stdout)["findings"]]
    assert (sorted(codes), done.exit_code) == (["database_unreachable", "disk_space_low"], 1)
    assert "secret-word" not in done.output
