"""A refusal says what is wrong, with which value, and what to do instead."""

import ast
import re
from typing import Any

import pytest

from app import ids
from tests.architecture.source import modules
from tests.cast import Merchant

from .conftest import Caller

PROGRAMS = "/v1/admin/affiliate/programs"


def message(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["message"]


def test_recurring_with_months_names_the_type_that_takes_months(owner: Caller) -> None:
    commission = {"type": "recurring", "bps": 2000, "max_months": 12}
    status, said = message(owner.post(PROGRAMS, {"name": "Friends", "commission": commission}))
    assert status == 400
    assert said == (
        "commission of type recurring counts billing cycles and needs max_cycles; for a limit of months send type "
        '"percentage" with the same bps and max_months'
    )


def test_the_alternative_named_for_recurring_with_months_is_accepted(owner: Caller) -> None:
    commission = {"type": "percentage", "bps": 2000, "max_months": 12}
    made = owner.post(PROGRAMS, {"name": "Friends", "commission": commission})
    assert (made.status_code, made.json["commission"]) == (201, commission)


@pytest.mark.parametrize(
    ("terms", "field", "most"),
    [
        ({"type": "percentage", "bps": 2000, "max_months": 99_999_999}, "max_months", 1200),
        ({"type": "recurring", "bps": 2000, "max_cycles": 10**19}, "max_cycles", 1_000_000),
        ({"type": "flat", "amount_cents": 10**19}, "amount_cents", 10**12),
        (
            {"type": "tiered", "bps": 100, "tiers": [{"min_conversions": 10**19, "bps": 200}]},
            "tiers.0.min_conversions",
            1_000_000,
        ),
    ],
)
def test_terms_with_a_number_too_large_to_compute_with_are_refused_with_the_field(
    owner: Caller, terms: dict[str, Any], field: str, most: int
) -> None:
    status, said = message(owner.post(PROGRAMS, {"name": "Friends", "commission": terms}))
    assert (status, said) == (400, f"commission.{field} must be less than or equal to {most}")


@pytest.mark.parametrize(
    ("path", "kind", "given"),
    [
        ("/api/v1/partners/par_nobody", "partner", "par_nobody"),
        ("/api/v1/payments/pmt_none/explanation", "payment", "pmt_none"),
        ("/api/v1/commissions/com_none/explanation", "commission", "com_none"),
        ("/api/v1/events/evt_none", "event", "evt_none"),
        ("/api/v1/backfills/run_none", "run", "run_none"),
        ("/api/v1/stripe-endpoints/whe_none", "endpoint", "whe_none"),
        ("/api/v1/api-keys/key_none", "key", "key_none"),
        ("/api/v1/organizations/org_none", "organization", "org_none"),
        (f"{PROGRAMS}/prog_none", "program", "prog_none"),
    ],
)
def test_missing_object_is_named(owner: Caller, path: str, kind: str, given: str) -> None:
    answer = owner.get(path)
    assert answer.json["error"]["code"] == f"{kind}_not_found"
    assert message(answer) == (
        404,
        f"no {kind} {given!r} was found; check the id, and that it belongs to your organization",
    )


def test_a_very_long_id_is_not_repeated_in_full(owner: Caller) -> None:
    status, said = message(owner.get(f"/api/v1/partners/par_{'x' * 5000}"))
    assert status == 404
    assert len(said) < 200


def test_a_slug_with_a_space_is_shown_with_what_is_allowed(owner: Caller) -> None:
    status, said = message(owner.post("/api/v1/partners", {"email": "zoe@partners.example", "slug": "a b"}))
    assert status == 400
    assert said == "slug 'a b' is not valid; use at most 64 letters and digits, with single - or _ between them"


def test_every_field_at_fault_is_in_the_details(owner: Caller) -> None:
    answer = owner.post("/api/v1/partners", {"email": "nope", "slug": "no pe", "commission_pct": "abc"})
    assert {row["param"]: row["message"] for row in answer.json["error"]["details"]} == {
        "email": "must be one plain e-mail address, such as name@example.com",
        "slug": "'no pe' is not valid; use at most 64 letters and digits, with single - or _ between them",
        "commission_pct": "must be a decimal number, such as 12.5",
    }


def test_an_unknown_type_of_commission_is_named_with_those_there_are(owner: Caller) -> None:
    body = {"name": "Friends", "commission": {"type": "percent", "bps": 1}}
    error = owner.post(PROGRAMS, body).json["error"]
    assert error["param"] == "commission.type"
    assert error["message"].startswith("commission.type 'percent' is unknown; use one of 'percentage'")
    error = owner.post(PROGRAMS, {"name": "Friends", "commission": {"bps": 1}}).json["error"]
    assert error["message"] == "commission.type is required"


def test_empty_id_is_refused_as_empty(owner: Caller) -> None:
    error = owner.get("/api/v1/explanations", id="").json["error"]
    assert error["message"] == "id is empty; give at least one character"


def test_errors_of_the_framework_have_the_same_format(owner: Caller) -> None:
    assert message(owner.get("/api/v1/partner")) == (
        404,
        "there is nothing at '/api/v1/partner'; /docs lists every path",
    )
    put = owner.call("PUT", "/api/v1/partners")
    assert message(put) == (405, "'/api/v1/partners' does not take PUT; use GET or POST")
    plain = owner.call("POST", "/api/v1/partners", data="email=z", content_type="text/plain")
    assert message(plain) == (415, "the Content-Type is 'text/plain'; send JSON: `Content-Type: application/json`")


def test_fields_of_the_invitation_are_refused_beside_its_token(anonymous: Caller, merchant: Merchant) -> None:
    program_id = ids.encode(ids.PROGRAM, merchant.program_id)
    body = {"name": "Zoe", "token": "any", "program_id": program_id}
    status, said = message(anonymous.post("/v1/public/affiliate/signup", body))
    assert (status, said) == (400, "do not send program_id with a token, which names it already")


RIDDLES = re.compile(
    r"\b(nobody|whoever|somebody|likewise|lies ahead|come again|say since when|token says|leads nowhere|"
    r"nothing is known|stands there|is a part of \d)\b",
    re.IGNORECASE,
)


def words_raised(tree: ast.Module) -> list[str]:
    """Every text in a `raise` statement."""
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return [
        inner.value
        for node in raised
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    ]


def test_error_messages_have_plain_words() -> None:
    found = [(name, text) for name, _, tree in modules() for text in words_raised(tree) if RIDDLES.search(text)]
    assert found == []
