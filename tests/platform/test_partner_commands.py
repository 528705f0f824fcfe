"""`accrual partners`: what the API does with partners, on the command line."""

import pytest

from app.errors import Conflict, InvalidRequest, NotFound

from .conftest import Accrual
from .test_audited_commands import trail
from .test_program_commands import BOOTSTRAP

ADA = ("partners", "add", "--email", "ada@example.com", "--code", "ada")


def test_a_partner_is_added_and_activated_in_one_call_or_two(accrual: Accrual) -> None:
    program_id = accrual(*BOOTSTRAP)["program_id"]
    ada = accrual(*ADA, "--first-name", "Ada", "--active")
    assert (ada["code"], ada["status"], ada["program_id"]) == ("ada", "active", program_id)
    assert ada["link"].endswith("/r/ada")
    assert ada["earns"] == "20 %"
    ben = accrual("partners", "add", "--email", "ben@example.com", "--code", "ben", "--rate", "25", "--parent", "ada")
    assert (ben["status"], ben["commission_pct"]) == ("invited", 25.0)
    assert accrual("partners", "activate", "ben")["status"] == "active"
    assert [one["slug"] for one in accrual("partners", "list", "--status", "active")] == ["ben", "ada"]
    assert accrual("partners", "show", "ben")["parent_id"] == ada["id"]


def test_a_partner_is_named_by_id_code_former_code_or_address(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    ada = accrual(*ADA, "--active")
    accrual("partners", "change", "ada", "--code", "ada-lovelace")
    for name in (ada["id"], ada["id"].replace("par_", "aff_"), "ADA", "ada-lovelace", "Ada@Example.com"):
        assert accrual("partners", "show", name)["id"] == ada["id"], name
    with pytest.raises(NotFound, match='no partner has the id, code or e-mail address "eve"'):
        accrual("partners", "show", "eve")


def test_an_address_in_two_programs_needs_the_program(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    other = accrual("programs", "add", "--name", "Other")["id"]
    accrual(*ADA)
    accrual("partners", "add", "--email", "ada@example.com", "--code", "ada2", "--program", other)
    with pytest.raises(InvalidRequest, match="several programs"):
        accrual("partners", "show", "ada@example.com")
    assert accrual("partners", "show", "ada@example.com", "--program", other)["slug"] == "ada2"


def test_partners_are_paused_banned_activated_again_and_ended(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    accrual(*ADA, "--active")
    before = len(trail())
    assert accrual("partners", "pause", "ada")["status"] == "deactivated"
    accrual("partners", "ban", "ada")
    with pytest.raises(Conflict):
        accrual("partners", "pause", "ada")
    assert accrual("partners", "activate", "ada")["status"] == "active"
    accrual("partners", "activate", "ada")
    accrual("partners", "deactivate", "ada")
    assert [(actor, action) for actor, action, _ in trail()[before:]] == [
        ("cli", "partner.paused"),
        ("cli", "partner.banned"),
        ("cli", "partner.approved"),
        ("cli", "partner.deactivated"),
    ]


def test_the_trail_tells_what_was_added_and_changed_without_addresses(accrual: Accrual) -> None:
    program_id = accrual(*BOOTSTRAP)["program_id"]
    before = len(trail())
    accrual(*ADA, "--rate", "25")
    accrual("partners", "change", "ada", "--rate", "30", "--email", "countess@example.com")
    assert trail()[before:] == [
        ("cli", "partner.created", {"program_id": program_id, "slug": "ada", "commission_pct": 25.0}),
        ("cli", "partner.updated", {"changed": ["commission_pct", "email"], "commission_pct": 30.0}),
    ]


def test_what_is_missing_is_a_warning_beside_the_output(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    told = accrual(*ADA, json_expected=False).stderr
    assert "no landing page" in told
    assert "accrual partners activate ada" in told


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("add", "--email", "no address", "--code", "ada"), "email"),
        (("add", "--email", "ada@example.com", "--code", "a b"), "slug"),
        (("add", "--email", "ada@example.com", "--code", "ada", "--rate", "101"), "rate"),
        (("list", "--status", "happy"), "status"),
        (("change", "ada"), None),
    ],
)
def test_what_is_wrong_is_refused_by_name(accrual: Accrual, options: tuple[str, ...], names: str | None) -> None:
    accrual(*BOOTSTRAP)
    with pytest.raises(InvalidRequest) as refused:
        accrual("partners", *options)
    assert refused.value.param == names
