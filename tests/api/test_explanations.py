"""Anything that has an id, a code or an address is explained to its owner, and to no other organization."""

import pytest

from app import ids
from tests.cast import Merchant

from .conftest import Caller


def test_a_code_an_address_and_a_program_are_explained(owner: Caller, merchant: Merchant) -> None:
    program_id = ids.encode(ids.PROGRAM, merchant.program_id)
    kinds = {called: owner.get("/api/v1/explanations", id=called) for called in ("ada", "ben@partners.example")}
    assert {called: answer.json["partner"]["code"] for called, answer in kinds.items()} == {
        "ada": "ada",
        "ben@partners.example": "ben",
    }
    assert owner.get("/api/v1/explanations", id=program_id).json["program"]["id"] == program_id


def test_unknown_id_suggests_the_nearest_code(owner: Caller, merchant: Merchant) -> None:
    answer = owner.get("/api/v1/explanations", id="adda")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "unknown_id")
    assert "The nearest partner's code is ada." in answer.json["error"]["message"]


@pytest.mark.parametrize("called", ["ada", "ada@partners.example", "adda"])
def test_partner_is_not_found_for_another_organization(merchant: Merchant, stranger: Caller, called: str) -> None:
    answer = stranger.get("/api/v1/explanations", id=called)
    assert answer.status_code == 404
    assert "nearest" not in answer.json["error"]["message"]
