"""Applications: a program's own questions, and its partner agreement in versions that partners accept."""

import re
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.organizations.actors import CLI, PUBLIC
from app.partners.joining import confirmations, signup
from app.partners.joining.applications.commands import Filled
from app.partners.models import Partner
from app.programs.applying import commands
from app.programs.models import Program
from tests.api.conftest import Answer, Caller, MakeCaller, caller_of
from tests.cast import Merchant
from tests.erasure.conftest import erase_in
from tests.pages.conftest import Browser
from tests.people.conftest import add_person
from tests.waiting import join

__all__ = ["caller_of"]

ZOE = "zoe@example.com"
FIELDS: list[dict[str, Any]] = [
    {"name": "website", "label": "Your website", "type": "url", "required": True},
    {"name": "reach", "label": "Your readers", "type": "choice", "options": ["fewer than 1,000", "more"]},
    {"name": "plan", "label": "How will you <recommend> us?", "type": "long_text"},
    {"name": "city", "label": "City", "type": "short_text"},
]
GOOD = {"website": "https://zoe.example/", "reach": "more"}


@pytest.fixture
def owner(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    return caller_of(merchant)


@pytest.fixture
def program(merchant: Merchant) -> str:
    return ids.encode("prog", merchant.program_id)


def ask(owner: Caller, program: str, fields: Any = FIELDS) -> Answer:
    return owner.call("PUT", f"/api/v1/programs/{program}/application-form", json={"fields": fields})


def publish(owner: Caller, program: str, words: str) -> int:
    answer = owner.post(f"/api/v1/programs/{program}/agreements", {"text": words})
    assert answer.status_code == 201, answer.text
    return int(answer.json["version"])


def apply(application: Flask, program: str, **more: Any) -> Answer:
    body = {"program_id": program, "name": "Zoe Smith", "email": ZOE, **more}
    return Caller(application, None).post("/v1/public/affiliate/signup", body)


def applied(owner: Caller, partner_id: str) -> Any:
    return owner.get(f"/api/v1/partners/{partner_id}/application").json


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([{**FIELDS[0], "name": "Website"}], "fields.0.name"),
        ([FIELDS[0], FIELDS[0]], "fields.1.name 'website' appears twice"),
        ([{**FIELDS[1], "options": ["one"]}], "a choice needs at least two options"),
        ([{**FIELDS[1], "options": ["one", "one"]}], "each once"),
        ([{**FIELDS[3], "options": ["one", "two"]}], "only a choice has options"),
        ([{**FIELDS[3], "type": "file"}], "fields.0.type"),
        ([{**FIELDS[3], "label": " "}], "fields.0.label"),
        ([{**FIELDS[3], "name": f"f{number}"} for number in range(11)], "at most 10"),
    ],
)
def test_a_form_that_cannot_be_asked_is_refused(owner: Caller, program: str, fields: Any, says: str) -> None:
    refused = ask(owner, program, fields)
    assert (refused.status_code, says in refused.text) == (400, True), refused.text
    assert owner.get(f"/api/v1/programs/{program}/application-form").json["fields"] == []


@pytest.mark.parametrize(
    ("answers", "param", "says"),
    [
        ({}, "answers.website", "'Your website' needs an answer"),
        ({"website": "   "}, "answers.website", "'Your website' needs an answer"),
        ({"website": "javascript:alert(1)"}, "answers.website", "give an http or https address"),
        ({**GOOD, "reach": "millions"}, "answers.reach", "'Your readers' needs one of its choices"),
        ({**GOOD, "city": "x" * 301}, "answers.city", "at most 300"),
        ({**GOOD, "city": "Ber\nlin"}, "answers.city", "control character U+000A"),
        ({**GOOD, "plan": "\u202egnp.exe"}, "answers.plan", "control character U+202E"),
        ({**GOOD, "rate": "9000"}, "answers.rate", "is no field of the application form"),
    ],
)
def test_wrong_answers_are_refused_by_their_question_and_make_no_partner(
    application: Flask, owner: Caller, program: str, answers: dict[str, str], param: str, says: str
) -> None:
    ask(owner, program)
    refused = apply(application, program, answers=answers)
    error = refused.json["error"]
    assert (refused.status_code, error["param"], says in error["message"]) == (400, param, True), refused.text
    assert owner.get("/api/v1/partners", search=ZOE).json["data"] == []


def test_answers_stay_with_their_questions_through_the_confirmation_until_an_erasure(
    application: Flask, merchant: Merchant, owner: Caller, program: str
) -> None:
    ask(owner, program)
    partner_id = apply(application, program, answers={**GOOD, "plan": "By letters.\r\nMany."}).json["partner_id"]
    answered = [
        {"name": "website", "label": "Your website", "answer": "https://zoe.example/"},
        {"name": "reach", "label": "Your readers", "answer": "more"},
        {"name": "plan", "label": "How will you <recommend> us?", "answer": "By letters.\nMany."},
    ]
    assert applied(owner, partner_id)["answers"] == answered
    ask(owner, program, [{**FIELDS[0], "label": "Your blog"}])
    with db.transaction() as session:
        token = confirmations.issue(session, session.get_one(Partner, ids.decode(partner_id, "par")))
    confirmed = Caller(application, None).post("/v1/public/affiliate/confirmation", {"token": token})
    assert confirmed.json["email_state"] == "confirmed"
    assert applied(owner, partner_id)["answers"] == answered
    erase_in(merchant.organization_id, ZOE)
    assert applied(owner, partner_id)["answers"] == []
    with db.transaction() as session:
        assert session.scalars(text("SELECT count(*) FROM applications")).one() == 0


def test_each_change_of_the_agreement_is_a_version_and_the_same_text_is_none(owner: Caller, program: str) -> None:
    path = f"/api/v1/programs/{program}/agreements"
    assert owner.get(path).json == {"versions": []}
    assert [publish(owner, program, words) for words in ("One", "One", " One\r\n", "Two", "One")] == [1, 1, 1, 2, 3]
    assert [(one["version"], one["text"]) for one in owner.get(path).json["versions"]] == [
        (3, "One"),
        (2, "Two"),
        (1, "One"),
    ]
    for words, says in ((" \n", "blank"), ("a\u0007", "U+0007"), ("x" * 100_001, "100000")):
        refused = owner.post(path, {"text": words})
        assert (refused.status_code, says in refused.text) == (400, True), refused.text[:200]


def test_who_applies_accepts_the_version_in_force_and_no_other(application: Flask, owner: Caller, program: str) -> None:
    assert apply(application, program, agreement_version=1).json["error"]["param"] == "agreement_version"
    publish(owner, program, "One")
    assert apply(application, program).json["error"]["message"].endswith("its version in force is 1")
    publish(owner, program, "Two")
    stale = apply(application, program, agreement_version=1)
    assert (stale.status_code, stale.json["error"]["code"]) == (409, "agreement_changed")
    assert apply(application, program, agreement_version=3).status_code == 409
    partner_id = apply(application, program, agreement_version=2).json["partner_id"]
    shown = applied(owner, partner_id)
    assert [one["version"] for one in shown["acceptances"]] == [2]
    assert (shown["agreement_version"], shown["is_accepted"]) == (2, True)
    publish(owner, program, "Three")
    shown = applied(owner, partner_id)
    assert (shown["agreement_version"], shown["is_accepted"], len(shown["acceptances"])) == (3, False, 1)


def test_a_version_published_while_someone_applies_is_not_the_one_that_is_stored(
    owner: Caller, merchant: Merchant, program: str
) -> None:
    """The application read version 1 and is not committed when version 2 is: what was shown is what is accepted."""
    publish(owner, program, "One")
    with db.web_transaction() as session:
        joined = signup.sign_up(session, PUBLIC, program, name="Zoe", email=ZOE, filled=Filled({}, 1))
        assert publish(owner, program, "Two") == 2
    partner_id = ids.encode("par", joined.partner.id)
    shown = applied(owner, partner_id)
    assert [one["version"] for one in shown["acceptances"]] == [1]
    assert (shown["agreement_version"], shown["is_accepted"]) == (2, False)


def test_versions_published_at_the_same_time_have_numbers_of_their_own(merchant: Merchant, owner: Caller) -> None:
    numbers: list[int] = []
    begin = threading.Barrier(4)

    def publish_one(number: int) -> None:
        with db.transaction() as session:
            program = session.get_one(Program, merchant.program_id)
            begin.wait()
            numbers.append(commands.publish(session, CLI, program, f"Text {number}").version)

    threads = [threading.Thread(target=publish_one, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert sorted(numbers) == [1, 2, 3, 4]


def test_a_partner_sees_the_new_agreement_and_accepts_it_once(
    application: Flask, merchant: Merchant, owner: Caller, program: str
) -> None:
    publish(owner, program, "One")
    joined = apply(application, program, agreement_version=1).json
    zoe, mine = Caller(application, joined["api_key"]), "/v1/admin/affiliate-me/agreement"
    assert zoe.get(mine).json["is_accepted"]
    publish(owner, program, "Two")
    assert (zoe.get(mine).json["agreement"]["text"], zoe.get(mine).json["is_accepted"]) == ("Two", False)
    assert zoe.post(f"{mine}/acceptance", {"version": 1}).json["error"]["code"] == "agreement_changed"
    for _ in range(2):
        accepted = zoe.post(f"{mine}/acceptance", {"version": 2})
        assert (accepted.status_code, accepted.json["is_accepted"]) == (200, True), accepted.text
    assert [one["version"] for one in applied(owner, joined["partner_id"])["acceptances"]] == [2, 1]
    with db.transaction() as session:
        entries = session.execute(
            text("SELECT details, organization_id FROM audit_entries WHERE action = 'partner.agreement_accepted'")
        ).all()
    assert entries == [({"version": 2}, merchant.organization_id)]


def test_the_application_page_asks_and_keeps_what_was_answered(application: Flask, owner: Caller, program: str) -> None:
    ask(owner, program)
    publish(owner, program, "Be <kind>.\n\nNo {{7*7}} ads.")
    zoe, path = Browser(application), f"/apply/{program}"
    page = zoe.get(path).text
    assert "How will you &lt;recommend&gt; us?" in page
    assert '<p class="lines">Be &lt;kind&gt;.</p>\n<p class="lines">No {{7*7}} ads.</p>' in page
    filled = {"name": "Zoe", "email": ZOE, "answer.reach": "more", "answer.plan": "<b>By letters</b>"}
    refused = zoe.send(path, **filled, agreement_version="1")
    assert (refused.status_code, "&#39;Your website&#39; needs an answer" in refused.text) == (400, True)
    assert "<option selected>more</option>" in refused.text
    assert "&lt;b&gt;By letters&lt;/b&gt;</textarea>" in refused.text
    assert re.search(r'name="answer.website"[^>]* aria-invalid="true"', refused.text)
    assert re.search(r'name="agreement_version" value="1" required checked', refused.text)
    complete = {**filled, "answer.website": "https://zoe.example/"}
    assert "must be accepted" in zoe.send(path, **complete).text
    publish(owner, program, "Be kind.")
    stale = zoe.send(path, **complete, agreement_version="1")
    assert (stale.status_code, "version 2 of the partner agreement is in force, not 1" in stale.text) == (409, True)
    assert re.search(r'name="agreement_version" value="2" required>', stale.text)
    assert zoe.send(path, **complete, agreement_version="2").status_code == 303
    [partner] = owner.get("/api/v1/partners", search=ZOE).json["data"]
    shown = applied(owner, partner["id"])
    assert [one["answer"] for one in shown["answers"]] == ["https://zoe.example/", "more", "<b>By letters</b>"]
    assert [one["version"] for one in shown["acceptances"]] == [2]


def test_answers_and_acceptances_are_kept_from_others(
    application: Flask, merchant: Merchant, owner: Caller, program: str, caller_of: MakeCaller
) -> None:
    ask(owner, program)
    partner_id = apply(application, program, answers=GOOD).json["partner_id"]
    ada = caller_of(merchant, "read", "programs:read")
    assert ada.get(f"/api/v1/partners/{partner_id}/application").status_code == 403
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    assert "https://zoe.example/" not in Browser(application).get(f"/apply/{program}").text
