"""A partner in the programs of two merchants: each has its own pages, and the end of one closes that one alone."""

from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.partners.models import Partner
from app.programs.models import Program
from tests.api.isolation.world import World
from tests.api.sales import sell
from tests.cast import enroll, open_merchant
from tests.console.test_pages import words_of

from .conftest import PartnerOf
from .test_isolation import walk


def test_the_end_of_one_enrollment_closes_that_program_alone(
    application: Flask, world: World, partner_of: PartnerOf
) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada-elsewhere")
        session.get_one(Program, other.program_id).name = "Elsewhere's program"
        own = world.organization_ids["ada"]
        session.get_one(Partner, other.partners["ada-elsewhere"]).partner_organization_id = own
    with db.transaction() as session:
        sell(session, other, "ada-elsewhere", 8001, base_minor=10_000)
    ada, elsewhere = partner_of("ada"), f"/portal/{ids.encode('prog', other.program_id)}"
    first = words_of(ada.get("/portal").text)
    assert first.count("Next payout") == 2
    assert "20.00 USD more are earned and not approved yet" in first
    assert "20.00 USD" in words_of(ada.get(f"{elsewhere}/commissions").text)
    assert world.ids["commission_id"] not in ada.get(f"{elsewhere}/commissions").text
    assert ada.get(f"{elsewhere}/commissions/{world.ids['commission_id']}").status_code == 404
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = 'banned', status_changed_at = now() WHERE slug = 'ada'"))
    for path in walk(application, world, "GET"):
        page = ada.browser.get(path)
        assert page.status_code == (403 if "/portal/prog_" in path else 200), path
        if page.status_code == 403:
            assert "The owner of the program has banned you" in page.text, path
    assert "Elsewhere&#39;s program" in ada.get("/portal").text
    assert ada.get(elsewhere).status_code == 200
    method = {"method": "paypal", "email": "a@x.example"}
    assert ada.browser.send("/portal/profile", f"{elsewhere}/payout-method", **method).status_code == 303
    with db.transaction() as session:
        reasoned = "UPDATE partners SET status = 'deactivated', rejection_reason = 'No audience.' WHERE slug = 'ada'"
        session.execute(text(reasoned))
    closed = ada.browser.get(f"/portal/{world.ids['program_id']}")
    assert (closed.status_code, "The reason that the owner gave: No audience." in closed.text) == (403, True)
