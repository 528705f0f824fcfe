"""The public page for sign-ups: a form, a mail that confirms the address, and then the portal."""

import re

from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.partners.joining import confirmations
from app.partners.models import Partner
from tests.api.conftest import Caller
from tests.cast import Merchant
from tests.pages.conftest import Browser


def test_a_person_applies_confirms_the_address_and_signs_in(application: Flask, merchant: Merchant) -> None:
    path, zoe = f"/apply/{ids.encode('prog', merchant.program_id)}", Browser(application)
    assert zoe.get(path).status_code == 404
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    page = zoe.get(path)
    assert (page.status_code, "20 %" in page.text, "no-store" in page.headers["Cache-Control"]) == (200, True, True)
    wrong = zoe.send(path, name="Zoe", email="no-address")
    assert (wrong.status_code, 'value="Zoe"' in wrong.text) == (400, True)
    assert zoe.client.post(path, data={"name": "Zoe", "email": "zoe@example.com"}).status_code == 400
    answers = [zoe.send(path, name="Zoe", email=email) for email in ("zoe@example.com", "ada@partners.example")]
    assert {answer.headers["Location"] for answer in answers} == {f"{path}?sent=yes"}
    assert "on its way" in zoe.get(f"{path}?sent=yes").text
    with db.transaction() as session:
        partner_id = session.scalars(text("SELECT id FROM partners WHERE email = 'zoe@example.com'")).one()
        token = confirmations.issue(session, session.get_one(Partner, partner_id))
    confirmed = Caller(application, None).post("/v1/public/affiliate/confirmation", {"token": token})
    assert confirmed.status_code == 200
    zoe.sign_in("zoe@example.com", leads_to="/portal")
    [program] = re.findall(r'href="(/portal/prog_\w+)"', zoe.get("/portal").text)
    assert "has not approved you yet" in zoe.get(program).text
