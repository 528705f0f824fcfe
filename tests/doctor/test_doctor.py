"""Each planted fault is found, with a sentence that says what to do; a healthy installation is reported as that."""

import json
import os
import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from app import db, jobs, settings_files
from app.cli.main import app
from app.config import Settings
from app.doctor.examine import examine
from app.mcp.http import PATH
from app.organizations.actors import CLI
from app.payouts.connect import restored
from app.runtime import http_client
from app.stripe_events.endpoints import event_types, rows, signing
from app.touchpoints import cookie_domains
from tests.api import reserved
from tests.api.sales import sell
from tests.cast import Merchant, open_endpoint, open_merchant
from tests.conftest import Drain, deliver_to
from tests.mcp import agents
from tests.platform.conftest import reset_logging
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER
from worker.inbox import payout_events
from worker.inbox.handlers import table

from .conftest import Installation, serving

OTHER_KEY = SecretStr(urlsafe_b64encode(b"another thirty-two bytes, a key!").decode())
LIVE_SECRET = "whsec_for_live_events"
AGO_SECONDS = 100_000
HOLD = text("""
    INSERT INTO payout_transfers (payout_id, organization_id, livemode, account, currency, amount_minor, problem)
    SELECT id, organization_id, livemode, 'acct_1', currency, net_minor,
           jsonb_build_object('problem', CAST(:held AS text))
    FROM payouts
""")
"""As a restoration holds a transfer that the former installation may have sent."""


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


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


def test_a_schema_of_another_version(installation: Installation, database_url: str) -> None:
    engine = db.create(database_url, role=None, pool_size=1)
    with engine.begin() as connection:
        before = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        assert "accrual migrate" in installation.found()["schema_behind"].sentence
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
        engine.dispose()


def test_redis_that_does_not_answer(installation: Installation, unused_port: int) -> None:
    jobs.connect(f"redis://127.0.0.1:{unused_port}")
    try:
        found = installation.found()
    finally:
        jobs.connect(installation.settings.redis_url)
    assert list(found) == ["redis_unreachable"]


def test_an_endpoint_without_a_secret(installation: Installation) -> None:
    with installation.endpoint() as endpoint:
        signing.store(endpoint, (), installation.settings)
    found = installation.found()["signing_secret_missing"]
    assert f"accrual endpoints rotate {installation.endpoint_id}" in found.sentence


def test_a_secret_key_that_decrypts_nothing(installation: Installation) -> None:
    installation.change(secret_key=OTHER_KEY)
    assert "ACCRUAL_SECRET_KEY" in installation.found()["stored_secret_unreadable"].sentence


def test_a_secret_of_the_settings_that_the_default_endpoint_does_not_accept(installation: Installation) -> None:
    with installation.endpoint() as endpoint:
        endpoint.is_default = True
    installation.change(stripe_webhook_secrets=(SecretStr("whsec_of_the_dashboard"),), stripe_livemode=False)
    assert "accrual endpoints rotate" in installation.found()["configured_secret_unused"].sentence
    installation.change(stripe_livemode=True)
    assert "receives test events" in installation.found()["default_endpoint_mode"].sentence


def test_live_events_at_an_endpoint_for_test_events(installation: Installation, application: Flask) -> None:
    live = [event | {"livemode": True} for event in Customer(CLOVER).subscribes().events[:2]]
    deliver_to(application, installation.path)(live)
    found = installation.found()["events_of_other_mode"]
    assert (found.values["count"], found.values["mode"], found.values["other_mode"]) == (2, "test", "live")


def test_a_merchant_without_an_endpoint(installation: Installation) -> None:
    with db.transaction() as session:
        open_merchant(session, "Another")
    assert "accrual endpoints add" in installation.found()["endpoint_missing"].sentence


def test_an_endpoint_through_which_no_event_came(installation: Installation) -> None:
    with db.transaction() as session:
        another = open_merchant(session, "Another")
    open_endpoint(another.organization_id, installation.settings, LIVE_SECRET)
    assert list(installation.found()) == ["no_event_yet"]


def test_a_live_endpoint_whose_last_event_is_old(
    installation: Installation, application: Flask, merchant: Merchant
) -> None:
    path = open_endpoint(merchant.organization_id, installation.settings, LIVE_SECRET, livemode=True)
    deliver_to(application, path)([event | {"livemode": True} for event in Customer(CLOVER).subscribes().events])
    assert "last_event_old" not in installation.found()
    with db.transaction() as session:
        session.execute(text("UPDATE stripe_events SET received_at = now() - interval '8 days' WHERE livemode"))
    assert "accrual backfill" in installation.found()["last_event_old"].sentence


def test_a_web_server_of_another_version_on_a_full_disk(installation: Installation) -> None:
    def older(environ: Any, start: Any) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        answer = {"version": "0.0.1"} if environ["PATH_INFO"] == "/healthz" else {"database": "disk_full"}
        return [json.dumps(answer).encode()]

    with serving(older) as url:
        installation.change(public_url=url)
        found = installation.found()
    assert "Restart the processes" in found["public_url_other_version"].sentence
    assert "the disk is full" in found["database_cannot_write"].sentence


def test_an_endpoint_that_stripe_does_not_have(installation: Installation) -> None:
    installation.at_stripe.url = "https://elsewhere.example/webhooks"
    assert "accrual stripe-setup" in installation.found()["stripe_endpoint_unknown"].sentence


def test_an_endpoint_that_stripe_has_disabled(installation: Installation) -> None:
    installation.at_stripe.is_disabled = True
    assert "accrual backfill" in installation.found()["stripe_endpoint_disabled"].sentence


def test_event_types_that_stripe_does_not_send(installation: Installation) -> None:
    missing = {"invoice_payment.paid", "charge.dispute.closed"}
    installation.at_stripe.types = [name for name in event_types.PAYMENTS if name not in missing]
    found = installation.found()
    assert list(found) == ["event_types_missing"]
    assert set(found["event_types_missing"].values["types"]) == missing
    installation.at_stripe.types = event_types.PAYMENTS
    assert installation.found() == {}


def test_a_newer_api_version_than_was_tested(installation: Installation) -> None:
    family = type(CLOVER)("later", "2027-03-31.later", names_links=False)
    installation.at_stripe.family = family
    assert "2027-03-31.later" in installation.found()["api_version_newer"].sentence


def test_a_key_that_may_not_read_endpoints_and_one_that_is_revoked(installation: Installation) -> None:
    key = installation.shop.restricted_key("charge_read")
    with installation.endpoint() as endpoint:
        rows.set_api_key(endpoint, key, installation.settings)
    sentence = installation.found()["stripe_not_asked"].sentence
    assert "rak_webhook_read" in sentence
    assert key not in sentence
    installation.shop.revoke(key)
    assert "revoked" in installation.found()["stripe_not_asked"].sentence


def test_a_clock_that_is_wrong(installation: Installation) -> None:
    installation.shop.world.now += 400
    found = installation.found()["clock_differs"]
    assert found.values["clock"] == "stripe"
    assert "NTP" in found.sentence


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


def test_a_mail_server_that_is_away(installation: Installation, unused_port: int) -> None:
    installation.change(smtp_url=SecretStr(f"smtp://ada:secret-word@127.0.0.1:{unused_port}"))
    sentence = installation.found()["mail_server_failed"].sentence
    assert "ACCRUAL_SMTP_URL" in sentence
    assert "secret-word" not in sentence


def test_a_public_address_where_nothing_answers(installation: Installation, unused_port: int) -> None:
    installation.change(public_url=f"http://127.0.0.1:{unused_port}")
    assert "Check that the web server and the proxy run" in installation.found()["public_url_unreachable"].sentence


def test_a_public_address_of_another_server(installation: Installation) -> None:
    def other(_environ: Any, start: Any) -> Iterable[bytes]:
        start("302 Found", [("Location", "https://login.example/")])
        return [b"<html>"]

    with serving(other) as url:
        installation.change(public_url=url)
        assert installation.found()["public_url_other_server"].values["status"] == 302


def test_a_public_address_without_https(installation: Installation) -> None:
    installation.change(public_url="http://go.shop.invalid")
    assert "https" in installation.found()["public_url_not_https"].sentence


def test_a_cookie_domain_that_does_not_contain_the_host_of_links(
    installation: Installation, merchant: Merchant
) -> None:
    installation.change(public_url="https://accrual-host.invalid")
    with db.transaction() as session:
        cookie_domains.change(session, CLI, merchant.organization_id, "shop.example")
    assert "accrual cookie-domain set" in installation.found()["cookie_domain_foreign"].sentence


def test_pages_on_another_domain_than_the_links(installation: Installation) -> None:
    installation.change(public_url="https://accrual-host.invalid")
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://www.shop.example/'"))
    assert installation.found()["cookie_host_foreign"].values["page_host"] == "www.shop.example"
    installation.change(public_url="https://go.shop.example")
    assert "cookie_host_foreign" not in installation.found()


def test_a_backup_that_is_too_old_and_one_that_is_missing(installation: Installation) -> None:
    directory = installation.settings.backup_dir
    assert directory is not None
    backup, long_ago = directory / "accrual.dump", time.time() - AGO_SECONDS
    os.utime(backup, (long_ago, long_ago))
    assert "docs/operations/backup.md" in installation.found()["backup_old"].sentence
    backup.write_text("")
    assert "backup_missing" in installation.found()


def test_a_disk_that_is_nearly_full(installation: Installation) -> None:
    installation.change(disk_free_mb=10**12)
    assert "ACCRUAL_DISK_FREE_MB" in installation.found()["disk_space_low"].sentence


def test_what_is_missing_for_live_money(installation: Installation, merchant: Merchant) -> None:
    open_endpoint(merchant.organization_id, installation.settings, LIVE_SECRET, livemode=True)
    installation.change(smtp_url=None, backup_dir=None)
    assert {"public_url_local", "mail_not_configured", "backups_unknown", "no_event_yet"} == set(installation.found())


def test_a_service_that_hangs_is_reported_and_delays_no_other_check(installation: Installation) -> None:
    installation.shop.faults.hang()
    installation.change(disk_free_mb=10**12)
    assert set(installation.found(limit_seconds=1)) == {"check_unfinished", "disk_space_low"}


def test_an_mcp_server_that_refuses_the_host(installation: Installation, application: Flask) -> None:
    """A proxy that names the server behind it instead of the host that was asked for."""

    def with_mcp(environ: Any, start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return application(environ, start)
        status, answer = http_client.call("POST", mcp_url, b"{}", {"Host": "inner.example:8001"})
        start(f"{status} {answer}", [])
        return []

    with agents.serving(installation.settings) as mcp_url, serving(with_mcp) as url:
        installation.change(public_url=url)
        assert "Host header" in installation.found()["mcp_host_refused"].sentence


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


def test_the_types_to_subscribe_to_are_those_of_the_handlers() -> None:
    assert set(event_types.PAYMENTS) == set(table.HANDLERS)
    assert {*event_types.TRANSFERS, *event_types.ACCOUNTS} == set(payout_events.HANDLERS)
