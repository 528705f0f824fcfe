"""E-mail addresses and one-line text, and that every field of a request that takes one checks it."""

import pytest
from pydantic import BaseModel, ValidationError

from app import texts
from app.errors import InvalidRequest
from app.rest.accounts import requests as accounts_requests
from app.rest.ledger import attribution_requests as ledger_attribution_requests
from app.rest.ledger import requests as ledger_requests
from app.rest.partner_side import requests as partner_side_requests
from app.rest.partners import requests as partners_requests
from app.rest.programs import requests as programs_requests
from app.rest.stripe import requests as stripe_requests


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Zoe+shop@Example.Co.UK ", "zoe+shop@example.co.uk"),
        ("o'brien_1@mail-2.example", "o'brien_1@mail-2.example"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
    ],
)
def test_a_plain_address_is_kept_trimmed_and_in_lower_case(given: str, kept: str) -> None:
    assert texts.email_address(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "a,victim@example.com",
        "a@example.com,victim@example.com",
        "a@example.com; victim@example.com",
        "a@example.com (home)",
        "(home)a@example.com",
        "friends:a@example.com;",
        "Zoe <a@example.com>",
        '"a b"@example.com',
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@localhost",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@-example.com",
        "a@example..com",
        "a@example.com.",
        "a@exa_mple.com",
        "zoë@example.com",
        "a@example.com\n",
        "a@example.com\r\nBcc: victim@example.com",
        "a b@example.com",
        "a@b@example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b.' * 130}com",
        "",
    ],
)
def test_ambiguous_email_addresses_are_refused(given: str) -> None:
    with pytest.raises(InvalidRequest, match="email must be one plain e-mail address") as refused:
        texts.require_address(given)
    assert given == "" or given not in str(refused.value), "an address is not repeated in an error"


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066"])
def test_control_characters_are_no_part_of_a_line(character: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"name has the control character U\+{ord(character):04X}"):
        texts.require_line(f"Zoe{character}Smith", param="name")


@pytest.mark.parametrize("line", ["Zoë van Dyke", "株式会社", "👩‍👩‍👧 Ltd", "می‌خواهم"])
def test_every_script_makes_a_line(line: str) -> None:
    assert texts.require_line(line, param="name") == line


LINES: list[tuple[type[BaseModel], str]] = [
    (accounts_requests.OrganizationCreation, "name"),
    (accounts_requests.KeyCreation, "name"),
    (partners_requests.PartnerCreation, "first_name"),
    (partners_requests.PartnerCreation, "last_name"),
    (partners_requests.PartnerChange, "first_name"),
    (programs_requests.ProgramCreation, "name"),
    (programs_requests.ProgramCreation, "conversion_event_name"),
    (programs_requests.ProgramChange, "name"),
    (partner_side_requests.SignUp, "name"),
    (ledger_requests.ProgramReport, "external_id"),
    (ledger_requests.ProgramReport, "project_id"),
    (ledger_requests.ProgramReport, "event_name"),
    (ledger_requests.Approval, "reason"),
    (ledger_requests.Rejection, "reason"),
    (ledger_attribution_requests.PaymentAssignment, "reason"),
    (stripe_requests.EndpointCreation, "description"),
]
ADDRESSES: list[tuple[type[BaseModel], str]] = [
    (accounts_requests.OrganizationCreation, "email"),
    (partners_requests.PartnerCreation, "email"),
    (partners_requests.PartnerCreation, "payout_email"),
    (partners_requests.PartnerChange, "email"),
    (partners_requests.PartnerChange, "payout_email"),
    (programs_requests.Invitation, "email"),
    (partner_side_requests.SignUp, "email"),
]


@pytest.mark.parametrize(("model", "field"), LINES, ids=lambda value: getattr(value, "__name__", value))
def test_every_one_line_field_refuses_control_characters(model: type[BaseModel], field: str) -> None:
    assert "has the control character U+000A" in _fault(model, field, "a\nb")


@pytest.mark.parametrize(("model", "field"), ADDRESSES, ids=lambda value: getattr(value, "__name__", value))
def test_every_address_field_refuses_what_is_no_plain_address(model: type[BaseModel], field: str) -> None:
    assert "one plain e-mail address" in _fault(model, field, "a,victim@example.com")


def _fault(model: type[BaseModel], field: str, value: str) -> str:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({field: value})
    return next(str(one["msg"]) for one in refused.value.errors() if one["loc"][0] == field)
