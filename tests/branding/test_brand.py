"""The brand that pages and mails get: the program's own name where nothing was set."""

import pytest

from app import db, ids
from app.branding import brand
from app.branding.models import ProgramBrand, ProgramLogo
from tests.cast import Merchant


def test_a_program_without_a_brand_has_its_name_and_nothing_else(merchant: Merchant) -> None:
    with db.transaction() as session:
        assert brand.load(session, merchant.program_id) == brand.Brand("Friends")


def test_a_brand_has_the_paths_of_its_logo_and_styles_by_version(merchant: Merchant) -> None:
    of = {"program_id": merchant.program_id, "organization_id": merchant.organization_id}
    with db.transaction() as session:
        session.add(
            ProgramBrand(**of, version=7, name="Shop friends", color="#0a7f5a", support_email="help@shop.example")
        )
        session.flush()
        session.add(ProgramLogo(**of, media_type="image/jpeg", width=400, height=100, content=b"a picture"))
    with db.web_transaction() as session:  # a public page reads it before anyone is known
        shown = brand.load(session, merchant.program_id)
    path = f"/brand/{ids.encode('prog', merchant.program_id)}/7"
    assert shown == brand.Brand(
        name="Shop friends",
        color="#0a7f5a",
        support_email="help@shop.example",
        logo=brand.Logo(f"{path}.jpg", 400, 100),
        stylesheet=f"{path}.css",
    )
    assert shown.logo is not None
    assert shown.logo.url("https://partners.shop.example") == f"https://partners.shop.example{path}.jpg"


def test_the_database_refuses_other_colours(merchant: Merchant) -> None:
    of = {"program_id": merchant.program_id, "organization_id": merchant.organization_id}
    with pytest.raises(Exception, match="ck_program_brands_color"), db.transaction() as session:
        session.add(ProgramBrand(**of, color="#0A7F5A;}"))
