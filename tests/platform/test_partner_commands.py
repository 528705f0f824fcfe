"""`accrual partners`: what the API does with partners, on the command line."""

import pytest

from app import db, ids
from app.errors import Conflict, InvalidRequest, NotFound
from app.organizations.actors import PUBLIC
from app.partners.joining import invitations, signup
from app.programs.models import Program

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
    assert (ben["status"], ben["commission_pct"]) == ("pending", 25.0)
    assert ben["earns"] == "nothing while pending; 25 % once it is active"
    assert accrual("partners", "activate", "ben")["status"] == "active"
    assert [partner["code"] for partner in accrual("partners", "list", "--status", "active")] == ["ben", "ada"]
    assert accrual("partners", "show", "ben")["parent_id"] == ada["id"]


def test_a_partner_is_named_by_id_code_former_code_or_address(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    ada = accrual(*ADA, "--active")
    accrual("partners", "change", "ada", "--code", "ada-lovelace")
    for name in (ada["id"], ada["id"].replace("par_", "aff_"), "ADA", "ada-lovelace", "Ada@Example.com"):
        assert accrual("partners", "show", name)["id"] == ada["id"], name
    with pytest.raises(NotFound, match='no partner has the id, code or e-mail address "eve"'):
        accrual("partners", "show", "eve")


def test_paused_banned_and_ended_partners_have_different_statuses(accrual: Accrual) -> None:
    program_id = accrual(*BOOTSTRAP)["program_id"]
    for code, command, status in [("a", "pause", "paused"), ("b", "ban", "banned"), ("c", "deactivate", "deactivated")]:
        accrual("partners", "add", "--email", f"{code}@example.com", "--code", code, "--active")
        after = accrual("partners", command, code)
        assert (after["status"], after["earns"]) == (status, f"nothing while {status}; 20 % once it is active")
        assert accrual("partners", "show", code)["status"] == status
        assert [partner["code"] for partner in accrual("partners", "list", "--status", status)] == [code]
        assert accrual("explain", code)["summary"].endswith(f", {status}.")
    assert accrual("explain", program_id)["program"]["partners"] == {"paused": 1, "banned": 1, "deactivated": 1}


def test_signed_up_partner_is_named_by_its_code_until_its_address_is_confirmed(accrual: Accrual) -> None:
    made = accrual(*BOOTSTRAP)
    with db.transaction() as session:
        program = session.get_one(Program, ids.decode(made["program_id"], ids.PROGRAM))
        program.open_signup = True
        dan = signup.sign_up(session, PUBLIC, made["program_id"], name="Dan", email="dan@example.com").partner.slug
    [row] = accrual("partners", "list", "--status", "pending")
    assert (row["email_state"], row["code"]) == ("unconfirmed", dan)
    with pytest.raises(NotFound, match=f"unconfirmed; name the partner by its code: {dan}"):
        accrual("partners", "activate", "dan@example.com")


def test_an_invited_partner_joins_by_the_link_that_is_printed(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    zoe = accrual("partners", "invite", "--email", "zoe@example.com", "--name", "Zoe van Dyke", "--code", "zoe")
    assert (zoe["status"], zoe["code"]) == ("pending", "zoe")
    with db.transaction() as session:
        assert invitations.join(session, PUBLIC, zoe["invitation"].partition("#")[2], "Zoe").partner.slug == "zoe"
    assert accrual("partners", "show", "zoe")["status"] == "active"
    assert [action for _, action, _ in trail()][-4:-1] == ["partner.invited", "person.added", "partner.joined"]


def test_what_a_partner_earned_is_shown_as_money(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    accrual(*ADA, "--active")
    shown = accrual("partners", "show", "ada", json_expected=False).stdout
    assert "nothing yet in test mode" in shown
    assert "nothing yet in live mode" in accrual("partners", "show", "ada", "--live", json_expected=False).stdout
    assert not any(mark in shown for mark in ("{", "}", "_cents"))


def test_an_address_in_two_programs_needs_the_program(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    other = accrual("programs", "add", "--name", "Other")["id"]
    accrual(*ADA)
    accrual("partners", "add", "--email", "ada@example.com", "--code", "ada2", "--program", other)
    with pytest.raises(InvalidRequest, match="several programs"):
        accrual("partners", "show", "ada@example.com")
    assert accrual("partners", "show", "ada@example.com", "--program", other)["code"] == "ada2"


def test_partners_are_paused_banned_activated_again_and_ended(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    accrual(*ADA, "--active")
    before = len(trail())
    assert accrual("partners", "pause", "ada")["status"] == "paused"
    assert accrual("partners", "ban", "ada")["status"] == "banned"
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


def test_the_audit_trail_has_additions_and_changes_without_addresses(accrual: Accrual) -> None:
    program_id = accrual(*BOOTSTRAP)["program_id"]
    before = len(trail())
    accrual(*ADA, "--rate", "25")
    accrual("partners", "change", "ada", "--rate", "30", "--email", "countess@example.com")
    assert trail()[before:] == [
        ("cli", "partner.created", {"program_id": program_id, "slug": "ada", "commission_pct": 25.0}),
        ("cli", "partner.updated", {"changed": ["commission_pct", "email"], "commission_pct": 30.0}),
    ]


def test_missing_part_is_a_warning_beside_the_output(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    warnings = accrual(*ADA, json_expected=False).stderr
    assert "no landing page" in warnings
    assert "accrual partners activate ada" in warnings


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
def test_invalid_fields_are_refused_by_name(accrual: Accrual, options: tuple[str, ...], names: str | None) -> None:
    accrual(*BOOTSTRAP)
    with pytest.raises(InvalidRequest) as refused:
        accrual("partners", *options)
    assert refused.value.param == names


def test_an_application_is_rejected_with_its_reason_once(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    accrual("partners", "add", "--email", "zoe@example.com", "--code", "zoe")
    assert accrual("partners", "reject", "zoe", "--reason", "No audience.")["status"] == "deactivated"
    with pytest.raises(Conflict, match="the partner is deactivated, so its application was decided before"):
        accrual("partners", "reject", "zoe", "--reason", "No audience.")
