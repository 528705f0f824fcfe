"""The mails that a partner's person gets, as it chooses them in its profile."""

import re

from sqlalchemy import select

from app import db
from app.mail_queue import switches
from app.people.models import Person
from tests.api.isolation.world import World

from .conftest import PartnerOf


def test_a_person_switches_mails_off_and_on_again(world: World, partner_of: PartnerOf) -> None:
    ada = partner_of("ada")
    page = ada.get("/portal/profile").text
    kinds = re.findall(r'name="kind" value="(\w+)" checked', page)
    assert "monthly_summary" in kinds
    assert "login" not in kinds
    kept = [kind for kind in kinds if kind != "monthly_summary"]
    saved = ada.browser.send("/portal/profile", "/portal/profile/mails", kind=kept)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/portal/profile#mails")
    assert re.findall(r'name="kind" value="(\w+)" checked', ada.get("/portal/profile").text) == kept
    with db.transaction() as session:
        person_id = session.scalars(select(Person.id).where(Person.email == "owner@ada.example")).one()
        assert switches.of_person(session, person_id) == {"monthly_summary"}
    ada.browser.send("/portal/profile", "/portal/profile/mails", kind=kinds)
    assert re.findall(r'name="kind" value="(\w+)" checked', ada.get("/portal/profile").text) == kinds
