"""The forms of partners: many invitations, terms, profile and codes, promotion codes, each as over REST."""

import re
from html import unescape

from app.config import Settings
from tests.api.isolation.world import World
from tests.cast import set_api_key

from .conftest import ReaderOf
from .test_forms import send
from .test_pages import words_of
from .test_programs import confirm, newest_entry

LIST = """eve@example.com, Eve Adams
 Finn Berg <finn@example.com>

not an address
EVE@example.com
{owner}
gus@example.com"""


def test_a_pasted_list_invites_or_refuses_each_line(world: World, reader_of: ReaderOf) -> None:
    owner, rest, program_id = reader_of("owner"), world.callers["owner"], world.ids["program_id"]
    page = f"/console/programs/{program_id}/invitations"
    partner = rest.get(f"/api/v1/partners/{world.ids['partner_id']}").json
    pasted = LIST.format(owner=partner["email"])
    status, text = send(owner, page, page, addresses=pasted, form_id="one")
    assert (status, "3 of 6 addresses were invited" in text) == (201, True)
    rows = [words_of(row) for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL)][1:]
    assert ["Invited" in row for row in rows] == [True, True, False, False, False, True]
    for number, reason in ((2, "must be one plain e-mail address"), (3, "in line 1 too"), (4, "already enrolled")):
        assert reason in rows[number]
    tokens = re.findall(r"/join#([\w-]+)", text)
    assert len(set(tokens)) == 3
    joined = world.callers["newcomer"].post("/v1/admin/affiliate-me/invitations/accept", {"token": tokens[1]})
    assert joined.status_code == 200
    every = rest.get(f"/v1/admin/affiliate/programs/{program_id}/affiliates").json["data"]
    by_email = {one["email"]: one for one in every}
    assert (by_email["eve@example.com"]["first_name"], by_email["eve@example.com"]["last_name"]) == ("Eve", "Adams")
    assert by_email["finn@example.com"]["status"] == "active"
    entry = newest_entry("partner.invited").details
    rest.post(f"/v1/admin/affiliate/programs/{program_id}/invite", {"email": "hal@example.com"})
    assert entry == newest_entry("partner.invited").details
    again = owner.browser.send(page, page, addresses=pasted, form_id="one")
    assert (again.status_code, "this form was sent before" in again.text) == (409, True)
    assert not re.findall(r"/join#", again.text)
    status, text = send(owner, page, page, addresses="\n".join(f"p{n}@example.com" for n in range(201)))
    assert (status, "addresses has 201 lines; paste 1 to 200" in text, "p200@example.com" in text) == (400, True, True)


def test_a_partner_gets_other_terms_after_their_effect_was_shown(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    page = f"/console/partners/{world.ids['partner_id']}/terms"
    api = f"/api/v1/partners/{world.ids['partner_id']}/commission-snapshot"
    before = rest.get(api).json
    asked = {"whose": "own", "type": "recurring", "rate": "33.5", "max_cycles": "6", "apply_to": "new_customers"}
    status, text = send(owner, page, f"{page}/check", **asked)
    words = unescape(words_of(text))
    assert (status, "The partner earns 33.50 USD: 33.5 % of 100.00 USD" in words) == (200, True)
    assert "on the first 6 billing cycles of each subscription" in words
    assert "They apply to customers who are credited to it from then on." in words
    assert rest.get(api).json == before
    status, text = confirm(owner, page, **asked, form_id="one")
    assert (status, "The partner has the new terms" in text) == (303, True)
    assert confirm(owner, page, **asked, form_id="one")[0] == 303
    after = rest.get(api).json
    assert len(after["history"]) == len(before["history"]) + 1
    assert after["commission"] == {"type": "recurring", "bps": 3350, "max_cycles": 6}
    entry = newest_entry("partner.terms_amended").details
    sent = {"commission": after["commission"], "applyTo": "new_customers"}
    assert rest.call("PUT", api, json=sent).status_code == 200
    assert {**entry, "effective_from": ""} == {**newest_entry("partner.terms_amended").details, "effective_from": ""}
    status, text = send(owner, page, f"{page}/check", **{**asked, "effective_from": "2020-01-01"})
    assert (status, "is in the past" in text, 'value="33.5"' in text) == (400, True, True)


def test_a_partner_is_renamed_and_gets_a_further_code(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    page, api = f"/console/partners/{world.ids['partner_id']}", f"/api/v1/partners/{world.ids['partner_id']}"
    before = rest.get(api).json
    form = f"{page}/profile"
    asked = {"email": before["email"], "slug": "ada-shop", "first_name": "Ada", "last_name": "Byron"}
    status, text = send(owner, form, form, **{**asked, "slug": "ben"})
    assert (status, "the code of another partner" in text, 'value="Byron"' in text) == (409, True, True)
    assert send(owner, form, form, **asked)[0] == 303
    after = rest.get(api).json
    assert (after["slug"], after["last_name"], after["email"]) == ("ada-shop", "Byron", before["email"])
    assert set(newest_entry("partner.updated").details["changed"]) <= {"slug", "first_name", "last_name"}
    assert send(owner, form, f"{page}/codes", code="ada-old")[0] == 303
    assert newest_entry("partner.code_added").details == {"code": "ada-old"}
    assert "ada-old" in owner.get(page).text
    status, text = send(owner, form, f"{page}/codes", code="no good")
    assert (status, 'value="no good"' in text) == (400, True)


def test_promotion_codes_are_made_given_and_taken_away(world: World, reader_of: ReaderOf, settings: Settings) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    page = f"/console/partners/{world.ids['partner_id']}/promotions"
    api = f"/api/v1/partners/{world.ids['partner_id']}"
    status, text = send(owner, page, page, code="ADA20", coupon="SPRING")
    assert (status, "there is no test Stripe API key" in text, 'value="ADA20"' in text) == (409, True, True)
    set_api_key(world.shop.organization_id, "rk_test_" + "x" * 24, settings)
    for _ in range(2):
        answer = owner.browser.send(page, page, code="ADA20", coupon="SPRING", last_day="2099-01-31", form_id="one")
        assert answer.status_code == 303
    [made] = [one for one in rest.get(f"{api}/promotion-code-requests").json["data"] if one["code"] == "ADA20"]
    assert (made["coupon"], made["expires_at"]) == ("SPRING", "2099-02-01T00:00:00.000Z")
    assert newest_entry("promotion_code.requested").details["coupon"] == "SPRING"
    assert send(owner, page, f"{page}/give", kind="code", promotion="OLD10")[0] == 303
    given = next(one for one in rest.get(f"{api}/promotion-codes").json["data"] if one["code"] == "old10")
    assert send(owner, page, f"{page}/{given['id']}/remove")[0] == 303
    assert given["id"] not in [one["id"] for one in rest.get(f"{api}/promotion-codes").json["data"]]
    assert newest_entry("promotion.taken_away").subject_id == given["id"]
