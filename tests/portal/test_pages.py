"""Every page of the portal: it shows what REST says to the partner, and nothing of others."""

import re
from html import unescape

from flask import Flask
from sqlalchemy import text

from app import db
from app.organizations.actors import CLI
from app.partners.joining import invitations
from app.programs.models import Program
from tests.api.conftest import Caller
from tests.api.isolation.world import World
from tests.cast import Merchant
from tests.console.conftest import Reader
from tests.console.test_pages import row_with, shown, words_of
from tests.pages.conftest import Browser
from tests.people.conftest import add_person

from .conftest import PartnerOf, pages

ME = "/v1/admin/affiliate-me"


def test_every_page_is_served_under_the_strict_policy_and_not_kept(
    application: Flask, world: World, partner_of: PartnerOf
) -> None:
    ada = partner_of("ada")
    for path in pages(application, world.ids):
        page = ada.get(path)
        assert page.status_code == 200, path
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|(src|href)=\"(https?:)?//", page.text), path
        assert not re.search(r"\bpage\.\w+\.\w+", page.text), path
        assert not [one for one in world.hidden_from("ada") if one in page.text], path


def test_amounts_are_those_of_rest(world: World, partner_of: PartnerOf) -> None:
    rest, ada, program_id = world.callers["ada"], partner_of("ada"), world.ids["program_id"]
    base = f"/portal/{program_id}"
    program = words_of(unescape(ada.get(base).text))
    [balance] = rest.get(f"{ME}/balance").json["data"]
    amounts = [balance[f"{name}_cents"] for name in ("accrued", "payable", "in_payout", "paid")]
    assert all(amounts[:3])
    columns = " ".join(["USD", *(shown(minor, "usd") for minor in amounts)])
    assert columns in program
    assert columns in words_of(ada.get("/portal").text)
    method = rest.get(f"{ME}/payout-method").json
    for one in (*method["next_payout"], *method["problems"]):
        assert one["sentence"] in program
    commissions = ada.get(f"{base}/commissions").text
    listed = rest.get(f"{ME}/commissions").json["commissions"]
    assert len(listed) == 3
    for one in listed:
        assert f"{one['amount']} {one['currency']}" in row_with(commissions, one["id"])
    [opening] = rest.get(f"{ME}/opening-balances").json["data"]
    assert shown(opening["amount_cents"], "usd") in row_with(commissions, opening["id"])
    statements = ada.get(f"{base}/statements").text
    for one in rest.get(f"{ME}/statements").json["data"]:
        assert shown(one["closing_cents"], one["currency"]) in row_with(statements, one["id"])
    payouts = ada.get(f"{base}/payouts").text
    [payout] = rest.get(f"{ME}/payouts").json["data"]
    assert shown(payout["net_cents"], payout["currency"]) in row_with(payouts, payout["id"])


def test_a_commission_and_a_statement_are_explained_in_the_partners_words(world: World, partner_of: PartnerOf) -> None:
    rest, ada, base = world.callers["ada"], partner_of("ada"), f"/portal/{world.ids['program_id']}"
    commission_id, statement_id = world.ids["commission_id"], world.ids["statement_id"]
    page = words_of(unescape(ada.get(f"{base}/commissions/{commission_id}").text))
    for sentence in rest.get(f"{ME}/commissions/{commission_id}/explanation").json["sentences"]:
        assert sentence in page
    page = words_of(unescape(ada.get(f"{base}/statements/{statement_id}").text))
    lines = rest.get(f"{ME}/statements/{statement_id}").json["lines"]
    assert lines
    for line in lines:
        assert " ".join(line["sentences"]) in page


def test_ids_of_another_partner_are_not_found(application: Flask, world: World, partner_of: PartnerOf) -> None:
    ben = partner_of("ben")
    for path in pages(application, world.ids):
        page, named = ben.get(path), path.rpartition("/")[2]
        is_adas = named.partition("_")[0] in ("com", "opb", "stm", "pyt")
        assert page.status_code == (404 if is_adas else 200), path
        assert not [one for one in world.hidden_from("ben") if one in page.text and one not in path], path
    newcomer = partner_of("newcomer")
    assert newcomer.get(f"/portal/{world.ids['program_id']}").status_code == 404
    assert "enrolled in no program" in newcomer.get("/portal").text


def test_money_of_one_mode_is_not_shown_in_the_other(world: World, partner_of: PartnerOf) -> None:
    live, base = partner_of("ada", livemode=True), f"/portal/{world.ids['program_id']}"
    assert "Live mode" in live.get(base).text
    assert live.get(f"{base}/commissions/{world.ids['commission_id']}").status_code == 404
    assert live.get(f"{base}/payouts/{world.ids['payout_id']}").status_code == 404
    assert 'class="empty"' in live.get(f"{base}/commissions").text


def test_an_ended_enrollment_closes_its_portal_and_nothing_else_of_the_person(
    application: Flask, world: World, merchant: Merchant, partner_of: PartnerOf
) -> None:
    ada = partner_of("ada")
    add_person(merchant.organization_id, "owner@ada.example", "viewer")
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = 'banned' WHERE slug = 'ada'"))
    for path in ("/portal", f"/portal/{world.ids['program_id']}", f"/portal/{world.ids['program_id']}/commissions"):
        page = ada.get(path)
        assert (page.status_code, "The owner of the program has banned you" in page.text) == (403, True), path
    switched = ada.browser.send("/portal", "/console/organization", organization_id=world.ids["organization_id"])
    assert switched.status_code == 303
    assert ada.get("/console").status_code == 200


def test_a_merchants_person_is_no_partner(world: World, merchant: Merchant, application: Flask) -> None:
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    vera = Reader(Browser(application).sign_in("vera@example.com"))
    for path in ("/portal", f"/portal/{world.ids['program_id']}"):
        page = vera.get(path)
        assert (page.status_code, "is enrolled in no program" in page.text) == (403, True)
        assert not [one for one in world.adas if one in page.text]


def test_who_accepts_an_invitation_signs_in_and_finds_the_link_and_its_code(
    application: Flask, merchant: Merchant
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example.com/'"))
        invited = invitations.invite(session, CLI, session.get_one(Program, merchant.program_id), "eve@example.com")
    joined = Caller(application, None).post("/v1/public/affiliate/signup", {"token": invited.token, "name": "Eve"}).json
    eve = Reader(Browser(application).sign_in("eve@example.com", leads_to="/portal"))
    assert eve.get("/console").headers["Location"] == "/portal"
    base = f"/portal/{joined['program_id']}"
    page = eve.get(base)
    assert f'value="{joined["link"]}"' in page.text
    assert 'src="data:image/svg+xml' in page.text
    assert "You have earned nothing yet" in page.text
    with eve.browser.get(f"{base}/code.png") as saved:
        assert (saved.mimetype, saved.data[:4]) == ("image/png", b"\x89PNG")
    profile = eve.get("/portal/profile")
    assert "eve@example.com" in profile.text
    other = Browser(application).sign_in("eve@example.com", leads_to="/portal")
    [session_id] = re.findall(r'name="session_id" value="(\w+)"', eve.get("/portal/profile").text)
    assert eve.browser.send("/portal/profile", "/portal/profile/sessions", session_id=session_id).status_code == 303
    assert other.get("/portal").headers["Location"].startswith("/login")


def test_a_partner_sets_how_it_is_paid_and_reads_why_it_cannot(world: World, partner_of: PartnerOf) -> None:
    rest, ada, path = world.callers["ada"], partner_of("ada"), f"/portal/{world.ids['program_id']}/payout-method"
    shown = unescape(ada.get(path, country="NG").text)
    refused = [one for one in rest.get(f"{ME}/payout-methods", country="NG").json["methods"] if not one["available"]]
    assert refused
    assert all(one["sentence"] in shown for one in refused)
    form = f"{path}?method=bank_transfer"
    wrong = ada.browser.send(form, path, method="bank_transfer", account_holder="Ada", iban="DE00", town="Bonn")
    assert (wrong.status_code, 'value="Bonn"' in wrong.text, 'aria-invalid="true"' in wrong.text) == (400, True, True)
    unreached = ada.browser.send(f"{path}?method=paypal", path, method="paypal", email="a@x.example", country="KP")
    assert unreached.status_code == 409
    assert rest.get(f"{ME}/payout-method").json["method"] == "paypal"
    bank = {"account_holder": "Ada Lovelace", "iban": "DE75512108001245126199", "town": "Bonn"}
    saved = ada.browser.send(form, path, method="bank_transfer", **bank)
    assert (saved.status_code, saved.headers["Location"]) == (303, path)
    assert rest.get(f"{ME}/payout-method").json["destination"] == {"iban": "DE…6199"}
    after = ada.get(path).text
    assert "You are paid by" in after
    assert bank["iban"] not in after
    viewer = partner_of("ada", role="viewer")
    assert "may read this page" in viewer.get(path, method="paypal").text
    assert viewer.browser.send(f"{path}", path, method="paypal", email="v@x.example").status_code == 403


def test_times_and_days_are_in_the_time_zone_of_the_program(partner_of: PartnerOf, world: World) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET time_zone = 'Asia/Tokyo'"))
        session.execute(text("UPDATE commissions SET accrued_at = '2026-03-01T20:00:00Z'"))
    ada, path = partner_of("ada"), f"/portal/{world.ids['program_id']}/commissions"
    page = ada.get(path, since="2026-03-02", until="2026-03-02").text
    assert "in the program&#39;s time zone, Asia/Tokyo" in page
    found, *_ = re.findall(r"/commissions/com_\w+", page)
    assert ("2 Mar 2026</time>" in page, " UTC<" in page) == (True, False)
    assert "2 Mar 2026, 05:00 UTC+09:00" in ada.get(path.removesuffix("/commissions") + found).text
    assert not re.findall(r"/commissions/com_\w+", ada.get(path, since="2026-03-01", until="2026-03-01").text)
    assert "time zone" not in ada.get("/portal").text
