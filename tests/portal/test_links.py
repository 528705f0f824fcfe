"""Links to pages of the program and promotion codes, as a partner makes them in the portal."""

import re
from html import unescape

from sqlalchemy import text

from app import db
from tests.api.isolation.world import World

from .conftest import PartnerOf

ME = "/v1/admin/affiliate-me"


def test_a_partner_makes_a_link_to_a_page_with_a_sub_id_as_rest_does(world: World, partner_of: PartnerOf) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example.com/'"))
    rest, ada, path = world.callers["ada"], partner_of("ada"), f"/portal/{world.ids['program_id']}/links"
    asked = {"to": "https://shop.example.com/spring?a=1", "sub_id": "letter-12"}
    made = rest.get(f"{ME}/programs/{world.ids['program_id']}/referral", **asked).json
    page = unescape(ada.get(path, **asked).text)
    assert f'value="{made["link"]}"' in page
    assert made["landing_link"] in page
    [saved] = re.findall(r'href="([^"]+/code\.png[^"]*)"', page)
    with ada.browser.get(saved) as picture:
        assert picture.data[:4] == b"\x89PNG"
    refused = ada.get(path, to="https://evil.example/", sub_id="letter-12")
    assert (refused.status_code, 'value="https://evil.example/"' in refused.text) == (400, True)
    assert "may lead to pages on shop.example.com, not on evil.example" in refused.text
    assert 'value="letter-12"' in refused.text
    assert f'{made["link"].partition("?")[0]}"' in refused.text


def test_a_partner_chooses_its_promotion_code_once(world: World, partner_of: PartnerOf) -> None:
    ada, path = partner_of("ada"), f"/portal/{world.ids['program_id']}/links"
    form = f"{path.removesuffix('/links')}/promotion-codes"
    assert form not in ada.get(path).text
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET promotion_coupon = 'SPRING'"))
    assert form in ada.get(path).text
    wrong = ada.browser.send(path, form, code="a b")
    assert (wrong.status_code, 'value="a b"' in wrong.text) == (400, True)
    assert "must have 3 to 50 letters" in wrong.text
    chosen = ada.browser.send(path, form, code="ADA-20")
    assert (chosen.status_code, chosen.headers["Location"]) == (303, f"{path}#promotions")
    [request] = world.callers["ada"].get(f"{ME}/promotion-codes").json["data"]
    assert (request["code"], request["status"]) == ("ADA-20", "pending")
    page = ada.get(path).text
    assert "Being made" in page
    assert form not in page
    assert ada.browser.send(path, form, code="ADA-30").status_code == 409
