"""The referral links that a partner is shown, and where they lead."""

from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.programs.models import Program
from tests.cast import Merchant, enroll, open_merchant

from .conftest import Caller
from .test_partner_side import ME, Affiliate, affiliate

__all__ = ["affiliate"]


def test_a_referral_is_the_code_and_its_links(affiliate: Affiliate, merchant: Merchant, owner: Caller) -> None:
    owner.patch(f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}", {"slug": "ada-two"})
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example/?page=1&ref=x'"))
    path = f"{ME}/programs/{ids.encode('prog', merchant.program_id)}/referral"
    shown = affiliate("ada", level="read").get(path).json
    assert (shown["code"], shown["codes"]) == ("ada-two", ["ada-two", "ada"])
    assert shown["link"] == "http://127.0.0.1:8000/r/ada-two"
    assert shown["landing_link"] == "https://shop.example/?page=1&ref=ada-two"


def test_a_link_leads_to_any_page_of_the_program_with_a_sub_id_that_its_visits_keep(
    affiliate: Affiliate, merchant: Merchant, application: Flask
) -> None:
    ada, path = affiliate("ada"), f"{ME}/programs/{ids.encode('prog', merchant.program_id)}/referral"
    refused = ada.get(path, to="https://shop.example/spring")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "no_landing_page")
    with db.transaction() as session:
        session.execute(
            text("UPDATE programs SET landing_url = 'https://shop.example/?page=1', landing_hosts = '{blog.example}'")
        )
    page = "https://blog.example/spring?a=1#top"
    shown = ada.get(path, to=page, sub_id="letter-12").json
    assert shown["landing_hosts"] == ["blog.example", "shop.example"]
    assert shown["landing_link"] == "https://blog.example/spring?a=1&utm_content=letter-12&ref=ada#top"
    followed = application.test_client().get(shown["link"])
    assert followed.location.startswith("https://blog.example/spring?a=1&utm_content=letter-12&ref=ada&aff_sess=")
    with db.transaction() as session:
        stored = session.execute(text("SELECT landing, utm FROM touchpoints")).all()
    assert stored == [("https://blog.example/spring", {"content": "letter-12"})]
    tagged = ada.get(path, sub_id="x").json
    assert tagged["link"] == "http://127.0.0.1:8000/r/ada?utm_content=x"
    assert tagged["landing_link"] == "https://shop.example/?page=1&utm_content=x&ref=ada"
    for asked, words in (
        ({"to": "https://evil.example/"}, "may lead to pages on blog.example, shop.example, not on evil.example"),
        ({"to": "http://shop.example/"}, "use the https address"),
        ({"to": "shop.example/spring"}, "is no web address; copy the whole address"),
        ({"to": "https://shop.example@evil.example/"}, "is no web address"),
        ({"sub_id": "a b"}, 'the sub-id "a b" has other characters'),
    ):
        answer = ada.get(path, **asked)
        assert (answer.status_code, answer.json["error"]["param"]) == (400, *asked)
        assert words in answer.json["error"]["message"]


def test_a_link_names_its_program_where_another_owner_on_the_server_gave_the_code_before(
    affiliate: Affiliate, merchant: Merchant, application: Flask
) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada")
        for shop in (merchant, other):
            session.get_one(Program, shop.program_id).landing_url = f"https://{shop.program_id}.example/"
    for shop in (merchant, other):
        path = f"{ME}/programs/{ids.encode('prog', shop.program_id)}/referral"
        link = affiliate("ada", shop=shop).get(path).json["link"]
        followed = application.test_client().get(link)
        assert followed.location.startswith(f"https://{shop.program_id}.example/?ref=ada&aff_sess=")
