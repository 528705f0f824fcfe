"""Each fault of the servers, addresses, backups and disks is found, with a sentence that says what to do."""

import json
import os
import time
from collections.abc import Iterable
from typing import Any

from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text

from app import db, jobs
from app.mcp.http import PATH
from app.organizations.actors import CLI
from app.runtime import http_client
from app.touchpoints import cookie_domains
from tests.cast import Merchant
from tests.mcp import agents

from .conftest import Installation, serving

AGO_SECONDS = 100_000


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


def test_a_clock_that_is_wrong(installation: Installation) -> None:
    installation.shop.world.now += 400
    found = installation.found()["clock_differs"]
    assert found.values["clock"] == "stripe"
    assert "NTP" in found.sentence


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


def test_pages_of_another_owner_below_the_same_public_suffix(installation: Installation) -> None:
    installation.change(public_url="https://go.accrual-host.co.uk")
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://www.shop.co.uk/'"))
    assert installation.found()["cookie_host_foreign"].values["page_host"] == "www.shop.co.uk"


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
