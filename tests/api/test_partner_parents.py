"""Placing partners under others through the API."""

from app import db, ids
from app.programs import programs
from tests import cast
from tests.cast import Merchant

from .conftest import Caller


def path(merchant: Merchant, code: str) -> str:
    return f"/api/v1/partners/{par(merchant, code)}"


def par(merchant: Merchant, code: str) -> str:
    return ids.encode(ids.PARTNER, merchant.partners[code])


def test_a_partner_gets_a_parent_and_loses_it(owner: Caller, merchant: Merchant) -> None:
    under = owner.patch(path(merchant, "ada"), {"parent_id": par(merchant, "ben")})
    assert (under.status_code, under.json["parent_id"]) == (200, par(merchant, "ben"))
    assert owner.patch(path(merchant, "ada"), {"first_name": "Ada"}).json["parent_id"] == par(merchant, "ben")
    assert owner.patch(path(merchant, "ada"), {"parent_id": None}).json["parent_id"] is None
    zoe = owner.post("/api/v1/partners", {"email": "zoe@example.com", "slug": "zoe", "parent_id": par(merchant, "ada")})
    assert (zoe.status_code, zoe.json["parent_id"]) == (201, par(merchant, "ada"))


def test_no_partner_is_placed_below_itself(owner: Caller, merchant: Merchant) -> None:
    assert owner.patch(path(merchant, "ada"), {"parent_id": par(merchant, "ben")}).status_code == 200
    for above in ("ada", "ben"):
        refused = owner.patch(path(merchant, "ben"), {"parent_id": par(merchant, above)})
        error = refused.json["error"]
        assert (refused.status_code, error["code"], error["param"]) == (409, "parent_cycle", "parent_id")


def test_a_parent_is_one_of_the_same_program_and_ones_own(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        other = programs.create_program(
            session, merchant.organization_id, name="Others", commission=cast.PERCENTAGE, status="active"
        )
        gus = cast.enroll(session, Merchant(merchant.organization_id, other.id), "gus")
        stranger = cast.enroll(session, cast.open_merchant(session, "Elsewhere"), "sam")
    body = {"email": "zoe@example.com", "slug": "zoe", "parent_id": ids.encode(ids.PARTNER, gus)}
    for refused in (
        owner.patch(path(merchant, "ada"), {"parent_id": body["parent_id"]}),
        owner.post("/api/v1/partners", body),
    ):
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "parent_id")
    missing = owner.patch(path(merchant, "ada"), {"parent_id": ids.encode(ids.PARTNER, stranger)})
    assert (missing.status_code, missing.json["error"]["code"]) == (404, "partner_not_found")
