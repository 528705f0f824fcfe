"""Every page of the console over HTTP: it shows what REST says, and nothing of others."""

import gzip
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, money
from app.pages.console.frame import ROWS
from tests.api.isolation.world import OF_ONE_MODE, World
from tests.cast import enroll

from .conftest import ReaderOf, paths, rules

FIRST_PAGE_BYTES = 100_000
FIRST_PAGE_REQUESTS = 6
"""The page and its files; browsers keep the files."""


def row_with(text: str, public_id: str) -> str:
    """The row of a table whose link leads to this id, without its tags."""
    [row] = [row for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL) if f'/{public_id}"' in row]
    return words_of(row)


def words_of(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup))


def shown(minor: int, currency: str) -> str:
    """An amount as words_of shows it."""
    return f"{money.format_number(minor, currency)} {currency.upper()}"


def test_every_page_is_served_under_the_strict_policy_and_not_kept(
    application: Flask, world: World, reader_of: ReaderOf
) -> None:
    owner = reader_of("owner")
    for path in paths(application, world.ids):
        page = owner.get(path)
        assert page.status_code == 200, path
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|(src|href)=\"(https?:)?//", page.text), path
        assert not re.search(r"\bpage\.\w+\.\w+", page.text), path


def test_first_page_with_its_files_is_small(application: Flask, world: World, reader_of: ReaderOf) -> None:
    owner = reader_of("owner")
    page = owner.get("/console").text
    files = set(re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page))
    assert "/static/console.css" in {file.partition("?")[0] for file in files}
    assert len(files) + 1 <= FIRST_PAGE_REQUESTS
    weight = sum(len(gzip.compress(part.encode())) for part in (page, *(owner.get(file).text for file in files)))
    assert weight < FIRST_PAGE_BYTES


def test_overview_owes_what_the_balances_of_all_programs_are(world: World, reader_of: ReaderOf) -> None:
    rest, page = world.callers["owner"], words_of(reader_of("owner").get("/console").text)
    balances = rest.get(f"/v1/admin/affiliate/programs/{world.ids['program_id']}/balances").json["data"]
    assert {one["currency"] for one in balances} == {"usd"}
    states = {
        name: sum(one[f"{name}_cents"] for one in balances) for name in ("accrued", "payable", "clearing", "paid")
    }
    owed = states["accrued"] + states["payable"] + states["clearing"]
    columns = (states["accrued"], states["payable"], states["clearing"], owed, states["paid"])
    assert " ".join(["USD", *(shown(minor, "usd") for minor in columns)]) in page
    assert owed > 0
    earned = rest.get(f"/v1/admin/affiliate/programs/{world.ids['program_id']}/analytics").json["series"]
    for day in earned:
        assert f"{shown(day['total_earned_cents'], 'usd')} {day['total_commissions']}" in page


def test_amounts_of_lists_are_those_of_rest(world: World, reader_of: ReaderOf) -> None:
    rest, owner = world.callers["owner"], reader_of("owner")
    payments = owner.get("/console/payments").text
    for one in rest.get("/api/v1/payments").json["data"]:
        assert shown(one["amount_cents"], one["currency"]) in row_with(payments, one["id"])
        assert one["reason"] in row_with(payments, one["id"])
    commissions = owner.get("/console/commissions").text
    for one in rest.get("/api/v1/commissions").json["commissions"]:
        assert f"{one['amount']} {one['currency']}" in row_with(commissions, one["id"])
        assert one["partnerCode"] in row_with(commissions, one["id"])
    payouts = owner.get("/console/payouts").text
    for one in rest.get(f"/v1/admin/affiliate/programs/{world.ids['program_id']}/payouts").json["data"]:
        assert shown(one["net_cents"], one["currency"]) in row_with(payouts, one["id"])
    statements = owner.get("/console/statements").text
    for one in rest.get(f"/api/v1/partners/{world.ids['partner_id']}/statements").json["data"]:
        assert shown(one["closing_cents"], one["currency"]) in row_with(statements, one["id"])


def test_a_commission_is_explained_with_every_sentence_and_entry_of_rest(world: World, reader_of: ReaderOf) -> None:
    commission_id = world.ids["commission_id"]
    explained = world.callers["owner"].get(f"/api/v1/commissions/{commission_id}/explanation").json
    page = words_of(reader_of("owner").get(f"/console/commissions/{commission_id}").text)
    for sentence in explained["sentences"]:
        assert sentence in unescape(page)
    [commission] = explained["commissions"]
    for entry in commission["entries"]:
        for posting in entry["postings"]:
            assert shown(abs(posting["amount_minor"]), posting["currency"]) in page


def test_a_partner_is_shown_with_what_rest_says(world: World, reader_of: ReaderOf) -> None:
    rest, partner_id = world.callers["owner"], world.ids["partner_id"]
    owner = reader_of("owner")
    page = words_of(owner.get(f"/console/partners/{partner_id}").text)
    body: dict[str, Any] = rest.get(f"/api/v1/partners/{partner_id}").json
    for one in body["stats_by_currency"]:
        amounts = (one["pending_cents"], one["approved_cents"], one["paid_cents"], one["total_earned_cents"])
        assert " ".join(shown(minor, one["currency"]) for minor in amounts) in page
    balance = words_of(owner.get(f"/console/partners/{partner_id}/balance").text)
    for one in rest.get(f"/api/v1/partners/{partner_id}/balance").json["data"]:
        assert shown(one["payable_cents"], one["currency"]) in balance
    refused = owner.get(f"/console/partners/{partner_id}/balance", on="9999-12-31")
    assert (refused.status_code, "2200-01-01" in refused.text) == (400, True)


def test_ids_of_another_organization_are_not_found(application: Flask, world: World, reader_of: ReaderOf) -> None:
    stranger = reader_of("stranger")
    for path in paths(application, world.ids):
        page = stranger.get(path)
        assert page.status_code == (404 if "_01" in path or "evt_" in path else 200), path
        if page.status_code == 200:
            assert not [text for text in world.hidden_from("stranger") if text in page.text], path


def test_money_of_one_mode_is_not_found_in_the_other(application: Flask, world: World, reader_of: ReaderOf) -> None:
    live = reader_of("owner", livemode=True)
    assert "Live mode" in live.get("/console").text
    for rule in rules(application):
        named = set(re.findall(r"<(\w+)>", rule))
        if named & OF_ONE_MODE:
            [path] = paths(application, world.ids, [rule])
            assert live.get(path).status_code == 404, path
    for path in paths(application, world.ids, [rule for rule in rules(application) if "<" not in rule]):
        assert not [text for text in world.money if text in live.get(path).text], path


def test_a_viewer_sees_neither_keys_nor_a_link_to_them(world: World, reader_of: ReaderOf) -> None:
    viewer = reader_of("owner", role="viewer")
    assert viewer.get("/console/settings/keys").status_code == 403
    assert "/console/settings/keys" not in viewer.get("/console/settings").text
    assert viewer.get("/console/payments").status_code == 200
    assert viewer.get(f"/console/partners/{world.ids['partner_id']}").status_code == 200


def test_an_empty_list_says_the_next_step(application: Flask, world: World, reader_of: ReaderOf) -> None:
    stranger = reader_of("stranger")
    for name in ("payments", "commissions", "payouts", "statements", "events", "deliveries", "imports", "exports"):
        page = stranger.get(f"/console/{name}").text
        assert 'class="empty"' in page, name
        assert "<table" not in page, name
    assert "Setup" in stranger.get("/console").text
    assert "Setup" not in reader_of("owner").get("/console").text


def test_a_list_continues_after_its_last_row_with_its_filter(world: World, reader_of: ReaderOf) -> None:
    with db.transaction() as session:
        for number in range(ROWS):
            enroll(session, world.shop, f"one-more-{number}")
    owner = reader_of("owner")
    first = owner.get("/console/partners", search="one-more", status="active").text
    assert "starting_after" not in first
    first = owner.get("/console/partners", status="active").text
    [older] = re.findall(r'rel="next" href="([^"]*)"', first)
    assert "status=active" in older
    second = owner.get(older.partition("?")[0], **dict(parse_qsl(unescape(older.partition("?")[2])))).text
    codes = [re.findall(r'/console/partners/(par_\w+)"', page) for page in (first, second)]
    assert len(codes[0]) == ROWS
    assert not set(codes[0]) & set(codes[1])
    assert 'href="/console/partners?status=active"' in second


@pytest.mark.parametrize("query", [{"outcome": "no-such"}, {"since": "yesterday"}, {"unknown": "1"}])
def test_a_filter_that_cannot_be_used_is_refused_with_its_name(
    world: World, reader_of: ReaderOf, query: dict[str, str]
) -> None:
    page = reader_of("owner").get("/console/payments", **query)
    assert page.status_code == 400
    assert next(iter(query)) in page.text


def test_times_are_in_the_time_zone_of_the_program_that_the_page_is_about(
    application: Flask, reader_of: ReaderOf, world: World
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET time_zone = 'Asia/Tokyo'"))
    shop = reader_of("owner")
    about = ("payments/<payment_id>", "partners/<partner_id>", "payouts/<payout_id>", "payout-runs/<payout_run_id>")
    for path in paths(application, world.ids, of=[f"/console/{page}" for page in about]):
        shown = shop.get(path).text
        assert "in the program&#39;s time zone, Asia/Tokyo" in shown, path
        assert "UTC+09:00" in shown, path
        assert " UTC<" not in shown, path
    assert "Asia/Tokyo" not in shop.get("/console/events").text
