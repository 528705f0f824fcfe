"""Health, figures, the snippet and the document."""

import gc
import re

import pytest
from flask import Flask
from flask_openapi3.models import Operation
from sqlalchemy import text

from app import db, jobs, metrics
from app.config import Settings
from app.version import VERSION

from .conftest import Caller, figure
from .isolation.table import PUBLIC


def test_alive_and_ready_before_anything_exists(anonymous: Caller) -> None:
    assert anonymous.get("/healthz").json == {"status": "ok", "version": VERSION}
    assert anonymous.get("/readyz").json == {"status": "ready", "database": "ok", "redis": "ok"}


def test_ready_without_redis_whose_state_is_shown(anonymous: Caller) -> None:
    jobs.connect("redis://127.0.0.1:1")
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json["redis"]) == (200, "unreachable")


def test_not_ready_on_an_older_schema(anonymous: Caller, database_url: str) -> None:
    owner = db.create(database_url, role=None)
    with owner.begin() as connection:
        newest = connection.scalars(text("DELETE FROM alembic_version RETURNING version_num")).one()
    answer = anonymous.get("/readyz")
    with owner.begin() as connection:  # the next test may get the same database
        connection.execute(text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": newest})
    owner.dispose()
    assert (answer.status_code, answer.json["database"]) == (503, "behind")


def test_alive_and_not_ready_without_a_database(anonymous: Caller) -> None:
    db.connect_web("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert anonymous.get("/healthz").status_code == 200
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, "unreachable")


def test_metrics_have_the_counts_of_all_processes(anonymous: Caller) -> None:
    before = anonymous.get("/metrics").text
    metrics.event_received("stored")
    metrics.events_processed("accrued", 3)
    metrics.batch_worked(3, 0.02)
    metrics.batch_worked(1, 60)
    metrics.delivery_attempted("postponed")
    metrics.ledger_measured(0)
    after = anonymous.get("/metrics").text
    for name, added in (
        ('accrual_events_received_total{result="stored"}', 1),
        ('accrual_events_processed_total{outcome="accrued"}', 3),
        ("accrual_drain_events_total", 4),
        ('accrual_outbound_attempts_total{result="postponed"}', 1),
        ('accrual_drain_batch_seconds_bucket{le="+Inf"}', 2),
    ):
        assert figure(after, name) - figure(before, name) == added, name
    for name, value in (
        ("accrual_ledger_imbalance_minor", 0),
        ("accrual_oldest_due_event_age_seconds", 0),
        ("accrual_parked_events", 0),
        ("accrual_redis_up", 1),
    ):
        assert f"{name} {value}.0" in after


def test_counts_wait_for_redis_and_are_not_lost(anonymous: Caller, settings: Settings) -> None:
    name = 'accrual_events_received_total{result="stored"}'
    before = anonymous.get("/metrics").text
    metrics.connect("redis://127.0.0.1:1")
    metrics.event_received("stored")
    assert metrics.flush() is False
    without_redis = anonymous.get("/metrics")
    assert (without_redis.status_code, figure(without_redis.text, "accrual_redis_up")) == (200, 0)
    metrics.connect(settings.redis_url)
    assert figure(anonymous.get("/metrics").text, name) - figure(before, name) == 1


def test_metrics_are_for_this_machine_or_the_token(application: Flask, settings: Settings) -> None:
    client = application.test_client()
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    guarded = Settings(**{**settings.model_dump(by_alias=True), "metrics_token": "open sesame"})
    application.extensions["accrual_settings"] = guarded
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", headers={"Authorization": "Bearer open sesame"}, environ_base=far).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403


def test_snippet_is_served_and_revalidated(anonymous: Caller, application: Flask) -> None:
    first = anonymous.get("/checkout.js")
    assert first.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=3600" in first.headers["Cache-Control"]
    again = application.test_client().get("/checkout.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_process_keeps_the_document_as_json_without_its_parts(anonymous: Caller, application: Flask) -> None:
    application.extensions.pop("accrual_document", None)
    assert anonymous.get("/openapi.json").status_code == 200
    gc.collect()
    assert [kept for kept in gc.get_objects() if type(kept) is Operation] == []


def test_document_lists_every_route_with_its_permission(anonymous: Caller, application: Flask) -> None:
    document = anonymous.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    documented = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if "/api/" in rule.rule or rule.rule.startswith(("/commissions", "/partners", "/r/", "/v1/", "/client/"))
    }
    assert documented == served
    public = {route.replace("<", "{").replace(">", "}") for route in PUBLIC}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"]
            assert "422" not in operation["responses"]
            if f"{method.upper()} {path}" not in public:
                [required] = operation["security"]
                assert required.get("api_key") or required.keys() == {"client_key", "session_token"}
                assert {"400", "401", "403", "503"} <= operation["responses"].keys()


def test_docs_page_loads_nothing_from_elsewhere(anonymous: Caller) -> None:
    page = anonymous.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(loaded) == 3
    assert not re.search(r"https?://", page.text)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    for path in loaded:
        assert anonymous.get(path).status_code == 200, path
    assert anonymous.get("/docs/../web.py").status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"])
def test_metrics_are_not_opened_by_a_proxy_that_shows_itself(application: Flask, header: str) -> None:
    assert application.test_client().get("/metrics", headers={header: "1.1 proxy"}).status_code == 403


@pytest.mark.parametrize("behind", [{"public_url": "https://a.example"}, {"trusted_proxies": "127.0.0.1"}])
def test_metrics_are_not_opened_by_a_proxy_that_hides_its_caller(
    application: Flask, settings: Settings, behind: dict[str, str]
) -> None:
    application.extensions["accrual_settings"] = Settings(**{**settings.model_dump(by_alias=True), **behind})
    assert application.test_client().get("/metrics").status_code == 403
