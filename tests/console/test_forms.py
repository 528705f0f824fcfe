"""The console's forms over HTTP: each does what REST does, for those who may, and for nothing of others."""

import re
from html import unescape
from typing import Any

from flask import Flask
from sqlalchemy import update

from app import db, ids
from app.stripe_events.models import StripeEvent
from tests.api.isolation.world import World
from tests.conftest import Drain

from .conftest import Reader, ReaderOf
from .test_pages import words_of


def forms(application: Flask, world: World) -> list[str]:
    """The path of every form that names something, with the shop's ids."""
    found = []
    for rule in application.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and "POST" in (rule.methods or ()) and rule.arguments:
            path = re.sub(r"<(\w+)>", lambda name: world.ids.get(name[1], "unknown"), rule.rule)
            found.append(path)
    return sorted(found)


def send(reader: Reader, page: str, form: str, **fields: str) -> tuple[int, str]:
    """Send a form of a page, which shows it; gives the status and text of the page after it."""
    assert f'action="{form}"' in reader.browser.get(page).text
    answer = reader.browser.send(page, form, **fields)
    text = reader.get(answer.headers["Location"]).text if answer.status_code == 303 else answer.text
    return answer.status_code, text


def unattributed(world: World) -> dict[str, Any]:
    [payment] = world.callers["owner"].get("/api/v1/payments", attributed="false").json["data"]
    return dict(payment)


def earned(world: World) -> int:
    """What Ada has earned, in cents of USD."""
    body = world.callers["owner"].get(f"/api/v1/partners/{world.ids['partner_id']}").json
    return sum(int(one["total_earned_cents"]) for one in body["stats_by_currency"])


def test_forms_of_another_organization_are_not_found(application: Flask, world: World, reader_of: ReaderOf) -> None:
    stranger = reader_of("stranger")
    for form in forms(application, world):
        answer = stranger.browser.send("/console", form, reason="mine", partner="ada", role="viewer")
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), form
        assert not [text for text in world.hidden_from("stranger") if text in answer.text and text not in form], form
    every, until = "/console/commissions/approve", "2100-01-01T00:00:00Z"
    assert stranger.browser.send("/console", every, partner=world.ids["partner_id"]).status_code == 404
    assert stranger.browser.send("/console", every, until=until).status_code == 303
    still = world.callers["owner"].post("/api/v1/commissions/approve", {"until": until, "dryRun": True}).json
    assert world.ids["conversion_id"] in still["conversionIds"]


def test_a_viewer_sees_no_form_and_may_send_none(application: Flask, world: World, reader_of: ReaderOf) -> None:
    viewer = reader_of("owner", role="viewer")
    payment = unattributed(world)["id"]
    for form in forms(application, world):
        if "/sessions/" not in form and not form.endswith("/check"):
            assert viewer.browser.send("/console", form).status_code == 403, form
    assert (
        viewer.browser.send("/console", "/console/commissions/approve", until="2100-01-01T00:00:00Z").status_code == 403
    )
    for page in (
        f"payments/{payment}",
        f"events/{world.ids['event_id']}",
        f"commissions/{world.ids['commission_id']}",
        f"partners/{world.ids['partner_id']}",
        f"programs/{world.ids['program_id']}",
    ):
        shown = viewer.get(f"/console/{page}").text
        assert f'action="/console/{page}' not in shown, page
    assert "/console/commissions/approve" not in viewer.get("/console/commissions").text


def test_a_payment_is_credited_to_a_partner_with_its_reason(world: World, reader_of: ReaderOf) -> None:
    owner, payment, before = reader_of("owner"), unattributed(world), earned(world)
    page = f"/console/payments/{payment['id']}"
    form = f"{page}/attribution"
    status, text = send(owner, page, form, partner="unknown-code", reason="a call")
    assert (status, 'value="a call"' in text) == (404, True)
    assert "no partner has the id, code or e-mail address" in text
    status, text = send(owner, page, form, partner="ada")
    assert (status, "reason is required" in text) == (400, True)
    assert earned(world) == before
    status, text = send(owner, page, form, partner="ada", reason="She called us first.")
    assert (status, "The payment is credited to ada." in text) == (303, True)
    explained = world.callers["owner"].get(f"/api/v1/payments/{payment['id']}/explanation").json
    assert explained["attribution"]["decided_because"] == "She called us first."
    assert explained["attribution"]["decided_by"].startswith("usr_")
    [commission] = explained["commissions"]
    assert earned(world) == before + commission["net_minor"] > before
    assert f'action="{form}"' not in owner.get(page).text


def test_what_the_filter_shows_is_counted_and_then_approved(world: World, reader_of: ReaderOf) -> None:
    owner, rest, ada = reader_of("owner"), world.callers["owner"], world.ids["partner_id"]
    link = re.search(r'href="(/console/commissions/approve[^"]*)"', owner.get("/console/commissions", partner=ada).text)
    assert link is not None
    would = rest.post("/api/v1/commissions/approve", {"partnerId": ada, "dryRun": True}).json
    page = owner.browser.get(unescape(link[1])).text
    assert f"Approve the commissions of {would['approved']} payment" in page
    for one in would["amounts"]:
        assert f"{one['amount']} {one['currency']}" in words_of(page)
    hidden = dict(re.findall(r'type="hidden" name="(partner|since|until)" value="([^"]*)"', page))
    assert (hidden["partner"], hidden["since"]) == (ada, "")
    waiting = rest.post("/api/v1/commissions/approve", {"until": hidden["until"], "dryRun": True}).json["approved"]
    stale = owner.browser.send("/console", "/console/commissions/approve", **{**hidden, "shown": "0"})
    assert (stale.status_code, "the page showed 0" in stale.text) == (409, True)
    assert f'name="shown" value="{would["approved"]}"' in page
    status, text = send(owner, unescape(link[1]), "/console/commissions/approve", **hidden)
    assert (status, f"The commissions of {would['approved']} payment" in text) == (303, True)
    assert rest.get(f"/api/v1/commissions/{world.ids['commission_id']}/explanation").json["decisions"]
    left = rest.post("/api/v1/commissions/approve", {"until": hidden["until"], "dryRun": True}).json["approved"]
    assert left == waiting - would["approved"] > 0
    assert "No commission that these filters select" in owner.browser.get(unescape(link[1])).text


def test_a_commission_is_rejected_and_approved_again_with_reasons(world: World, reader_of: ReaderOf) -> None:
    owner, rest, before = reader_of("owner"), world.callers["owner"], earned(world)
    page = f"/console/commissions/{world.ids['commission_id']}"
    explained = f"/api/v1{page.removeprefix('/console')}/explanation"
    [commission] = rest.get(explained).json["commissions"]
    assert send(owner, page, f"{page}/reject")[0] == 400
    status, text = send(owner, page, f"{page}/reject", reason="Her own purchase.")
    assert (status, "are rejected." in text) == (303, True)
    assert earned(world) == before - commission["net_minor"]
    [decision] = rest.get(explained).json["decisions"]
    assert (decision["verdict"], decision["reason"]) == ("rejected", "Her own purchase.")
    assert send(owner, page, f"{page}/approve", reason="It was a gift.")[0] == 303
    assert earned(world) == before
    status, text = send(owner, page, f"{page}/approve")
    assert (status, "nothing of this conversion is left to approve" in text) == (409, True)


def test_a_parked_event_is_replayed(world: World, reader_of: ReaderOf, drain: Drain) -> None:
    owner, rest, event_id = reader_of("owner"), world.callers["owner"], world.ids["event_id"]
    with db.transaction() as session:
        session.execute(update(StripeEvent).where(StripeEvent.stripe_id == event_id).values(outcome="parked"))
    page = f"/console/events/{event_id}"
    [form] = re.findall(r'action="(/console/events/\w+/replay)"', owner.get(page).text)
    status, text = send(owner, page, form)
    assert (status, "The event is queued" in text) == (303, True)
    assert rest.get(f"/api/v1/events/{event_id}").json["outcome"] is None
    before = earned(world)
    drain()
    assert rest.get(f"/api/v1/events/{event_id}").json["outcome"] == "no_change"
    assert earned(world) == before


def test_a_partner_is_invited_by_a_link_that_its_page_shows_once(world: World, reader_of: ReaderOf) -> None:
    owner, rest, program_id = reader_of("owner"), world.callers["owner"], world.ids["program_id"]
    page = f"/console/programs/{program_id}"
    status, text = send(owner, page, f"{page}/invite", email="nothing", name="Eve")
    assert (status, 'value="Eve"' in text, "must be one plain e-mail address" in text) == (400, True, True)
    status, text = send(owner, page, f"{page}/invite", email="eve@example.com", name="Eve", slug="eve-2")
    [token] = re.findall(r"/join#([\w-]+)", text)
    assert status == 201
    joined = world.callers["newcomer"].post("/v1/admin/affiliate-me/invitations/accept", {"token": token})
    assert joined.status_code == 200
    [eve] = [
        one
        for one in rest.get(f"/v1/admin/affiliate/programs/{program_id}/affiliates").json["data"]
        if one["slug"] == "eve-2"
    ]
    assert (eve["email"], eve["status"]) == ("eve@example.com", "active")
    status, text = send(owner, page, f"{page}/invite", email="eve@example.com")
    assert (status, token in text) == (409, False)


def test_a_partner_is_paused_approved_and_banned_with_its_payouts(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    dan, payout = ids.encode(ids.PARTNER, world.shop.partners["dan"]), f"/api/v1/payouts/{world.ids['payout_id']}"
    shown = f"/v1/admin/affiliate/programs/{world.ids['program_id']}/affiliates"
    page = f"/console/partners/{dan}"

    def state() -> str:
        return next(str(one["status"]) for one in rest.get(shown).json["data"] if one["slug"] == "dan")

    assert rest.get(payout).json["status"] == "pending"
    for move, after in (("pause", "paused"), ("approve", "active"), ("ban", "banned")):
        assert send(owner, page, f"{page}/{move}")[0] == 303
        assert state() == after
    assert rest.get(payout).json["status"] == "canceled"
    assert f'action="{page}/pause"' not in owner.get(page).text
    refused = owner.browser.send(page, f"{page}/pause")
    assert (refused.status_code, "the partner is banned, so it cannot be paused" in refused.text) == (409, True)
    assert state() == "banned"
