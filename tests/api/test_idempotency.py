"""A POST that is sent again under its Idempotency-Key is answered again, and done once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import text

from app import db, jobs
from app.config import Settings
from app.organizations import request_limits, stored_responses
from tests.cast import Merchant
from tests.waiting import PATIENCE_SECONDS, join
from worker import schedule

from .conftest import Answer, Caller, MakeCaller

PARTNERS = "/api/v1/partners"
ADA = {"email": "zoe@example.com", "slug": "zoe"}

Post = Callable[..., Answer]


def repeated(answer: Answer) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


@pytest.fixture
def post(owner: Caller) -> Post:
    """The shop's POST, with an Idempotency-Key."""

    def post(path: str, body: Any = None, key: str = "k-1", by: Caller = owner) -> Answer:
        return by.call("POST", path, extra={"Idempotency-Key": key}, **({} if body is None else {"json": body}))

    return post


def partners() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM partners WHERE slug = 'zoe'")) or 0


def test_the_first_answer_is_repeated_and_nothing_done_again(post: Post) -> None:
    first, again = post(PARTNERS, ADA), post(PARTNERS, ADA)
    assert (first.status_code, repeated(first)) == (201, False)
    assert (again.status_code, again.text, repeated(again)) == (201, first.text, True)
    assert partners() == 1


def test_equal_json_in_another_format_is_the_same_request(post: Post) -> None:
    first = post(PARTNERS, ADA)
    assert post(PARTNERS, dict(reversed(ADA.items()))).text == first.text


def test_another_body_or_query_under_the_key_is_refused(post: Post) -> None:
    post(PARTNERS, ADA)
    for path, body in ((PARTNERS, {**ADA, "slug": "zoe2"}), (f"{PARTNERS}?dry_run=true", ADA)):
        refusal = post(path, body)
        error = refusal.json["error"]
        assert (refusal.status_code, error["code"], error["param"]) == (409, "idempotency_conflict", "Idempotency-Key")


def test_a_key_counts_for_one_api_key_and_one_path(post: Post, merchant: Merchant, caller_of: MakeCaller) -> None:
    post(PARTNERS, ADA)
    assert post(PARTNERS, ADA, by=caller_of(merchant)).json["error"]["code"] in {"email_taken", "slug_taken"}
    assert not repeated(post("/api/v1/stripe-endpoints", {"livemode": False}))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "a@example.com", "slug": "ada"}, 409, "slug_taken"),
        ({"email": "a@example.com"}, 400, "invalid_request"),
        ({**ADA, "program_id": "prog_none"}, 404, "program_not_found"),
    ],
)
def test_refusals_are_repeated_too_and_change_nothing(post: Post, body: Any, status: int, code: str) -> None:
    first, again = post(PARTNERS, body), post(PARTNERS, body)
    assert (first.status_code, first.json["error"]["code"]) == (status, code)
    assert (again.status_code, again.text, repeated(again)) == (status, first.text, True)
    assert partners() == 0


def test_malformed_json_is_repeated_as_it_is(owner: Caller) -> None:
    sent = {"data": "{", "content_type": "application/json", "extra": {"Idempotency-Key": "k"}}
    first, again = owner.call("POST", PARTNERS, **sent), owner.call("POST", PARTNERS, **sent)
    assert (first.status_code, again.status_code, again.text, repeated(again)) == (400, 400, first.text, True)


def test_failure_is_not_stored(application: Flask, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError

    application.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as broken:
        broken.setattr("app.rest.partners.routes.views.partner_body", explode)
        assert post(PARTNERS, ADA).status_code == 500
    assert partners() == 0
    second = post(PARTNERS, ADA)
    assert (second.status_code, repeated(second), partners()) == (201, False, 1)


def test_too_many_requests_are_not_kept(post: Post, settings: Settings) -> None:
    request_limits.connect(Settings(**{**settings.model_dump(by_alias=True), "writes_per_minute": 1}))
    post(PARTNERS, ADA, key="k-0")
    assert post(PARTNERS, ADA).status_code == 429
    request_limits.connect(settings)
    assert not repeated(post(PARTNERS, ADA))


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ümlaut"])
def test_keys_that_cannot_be_kept_are_refused(post: Post, key: str) -> None:
    refusal = post(PARTNERS, ADA, key=key)
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "Idempotency-Key")
    assert partners() == 0


def test_stored_response_expires_and_is_deleted_after_a_day(post: Post) -> None:
    post(PARTNERS, ADA)
    with db.transaction() as session:
        session.execute(text("UPDATE stored_responses SET created_at = created_at - interval '24 hours 1 second'"))
    assert post(PARTNERS, ADA).json["error"]["code"] in {"email_taken", "slug_taken"}
    assert repeated(post(PARTNERS, ADA))
    with db.transaction() as session:
        session.execute(text("UPDATE stored_responses SET created_at = created_at - interval '24 hours 1 second'"))
    schedule.delete_stored_responses()
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM stored_responses")) == 0


def test_idempotency_key_is_ignored_for_other_methods(owner: Caller) -> None:
    ada = owner.get(PARTNERS).json["data"][0]["id"]
    for name in ("Zoe", "Zora"):
        sent = {"json": {"first_name": name}, "extra": {"Idempotency-Key": "k"}}
        assert owner.call("PATCH", f"{PARTNERS}/{ada}", **sent).json["first_name"] == name


def test_simultaneous_identical_requests_get_one_response(application: Flask, post: Post) -> None:
    """Ten at once: one does it, nine wait for its commit and repeat it."""
    answers: list[Answer] = []
    start = threading.Barrier(10)

    def send() -> None:
        start.wait(PATIENCE_SECONDS)
        answers.append(post(PARTNERS, ADA))

    senders = [threading.Thread(target=send) for _ in range(10)]
    for sender in senders:
        sender.start()
    join(*senders)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sorted(repeated(answer) for answer in answers) == [False] + [True] * 9
    assert partners() == 1


def test_request_is_executed_if_its_simultaneous_copy_fails(post: Post, owner: Caller) -> None:
    organization_id, request = _owner_of(owner)
    asked = stored_responses.RequestIdentity(organization_id, False, request, stored_responses.digest("nothing"))
    answers: list[Answer] = []
    with db.transaction() as session:
        stored_responses.lock_key(session, asked)
        twin = threading.Thread(target=lambda: answers.append(post(PARTNERS, ADA)))
        twin.start()
        twin.join(0.3)
        assert answers == []
        session.rollback()
    join(twin)
    assert [answer.status_code for answer in answers] == [201]


def test_a_secret_is_shown_once_and_not_kept(post: Post, application: Flask) -> None:
    first, again = (post("/api/v1/api-keys", {"name": "accounting", "level": "read"}) for _ in range(2))
    secret = first.json["api_key"]
    assert again.json == {**first.json, "api_key": None}
    assert Caller(application, secret).get(PARTNERS).status_code == 200
    with db.transaction() as session:
        assert secret not in str(session.execute(text("SELECT * FROM stored_responses")).all())


def test_a_worker_is_woken_after_the_commit_and_not_for_a_repetition(post: Post, settings: Settings) -> None:
    body = {"outcome": "unattributed"}
    with redis.Redis.from_url(settings.redis_url) as queue:
        for expected in (1, 0):
            queue.flushall()
            assert post("/api/v1/events/replay", body).status_code == 201
            assert queue.exists(jobs.RUNS.flag) == expected


def _owner_of(owner: Caller) -> tuple[Any, bytes]:
    with db.transaction() as session:
        row = session.execute(text("SELECT organization_id, id FROM api_keys ORDER BY created_at LIMIT 1")).one()
    return row.organization_id, stored_responses.digest(str(row.id), PARTNERS, "k-1")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/organizations", {"name": "Daughter"}),
        ("/v1/admin/affiliate/programs", {"name": "More", "commission": {"type": "percentage", "bps": 1}}),
        ("/api/v1/stripe-endpoints", {"livemode": False}),
        ("/api/v1/waiting/ask-again", None),
    ],
)
def test_every_post_takes_part_in_the_transaction_of_its_answer(post: Post, path: str, body: Any) -> None:
    first, again = post(path, body), post(path, body)
    assert first.status_code in {200, 201}, first.text
    assert (again.text, repeated(again)) == (first.text, True)
