"""Only what Stripe signed, with a secret of this very endpoint, within five minutes of now."""

import json
import time

import pytest
import stripe
from flask import Flask

from app.config import Settings
from app.errors import InvalidSignature
from app.stripe_events import signature
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET
from tests.stripe_stories.signing import signature_header

from .conftest import Document, Endpoint, an_event, assert_refused, make_endpoint, rows_of, stored

NOW = 1_772_445_600


def body_of(event: Document) -> bytes:
    return json.dumps(event).encode()


def v1(body: bytes, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """The digest alone."""
    return signature_header(body, secret, at=at).partition("v1=")[2]


@pytest.mark.parametrize("signed_with", [("whsec_old",), ("whsec_new",), ("whsec_new", "whsec_old")])
def test_either_signature_is_accepted_while_a_secret_is_rotated(
    application: Flask, merchant: Merchant, settings: Settings, signed_with: tuple[str, ...]
) -> None:
    rotating = make_endpoint(application, merchant.organization_id, settings, ["whsec_new", "whsec_old"])
    event = an_event()
    answer = rotating.post(body_of(event), header=signature_header(body_of(event), *signed_with))
    assert answer.status_code == 200
    assert len(rows_of(event)) == 1


def test_one_valid_signature_among_several_is_enough(endpoint: Endpoint) -> None:
    body = body_of(an_event())
    header = signature_header(body, "whsec_stranger", "whsec_another", WEBHOOK_SECRET)
    assert endpoint.post(body, header=f"{header},v0={'0' * 64},v2=later").status_code == 200


def test_signature_of_scheme_v0_is_refused(endpoint: Endpoint) -> None:
    body = body_of(an_event())
    header = signature_header(body, WEBHOOK_SECRET).replace("v1=", "v0=")
    assert_refused(endpoint.post(body, header=header), 400, "invalid_signature")


def test_secret_of_another_endpoint_is_refused(
    application: Flask, merchant: Merchant, settings: Settings, endpoint: Endpoint
) -> None:
    other = make_endpoint(application, merchant.organization_id, settings, ["whsec_of_the_other_endpoint"])
    body, before = body_of(an_event()), stored()
    assert_refused(endpoint.post(body, header=signature_header(body, *other.secrets)), 400, "invalid_signature")
    assert_refused(other.post(body, header=signature_header(body, *endpoint.secrets)), 400, "invalid_signature")
    assert stored() == before


@pytest.mark.parametrize("skew_seconds", [-290, 290])
def test_timestamp_within_five_minutes_is_accepted(endpoint: Endpoint, skew_seconds: int) -> None:
    body = body_of(an_event())
    header = signature_header(body, WEBHOOK_SECRET, at=time.time() + skew_seconds)
    assert endpoint.post(body, header=header).status_code == 200


@pytest.mark.parametrize("skew_seconds", [-310, 310, -86_400, 86_400, -NOW, 10**11])
def test_timestamp_more_than_five_minutes_off_is_refused(endpoint: Endpoint, skew_seconds: int) -> None:
    body, before = body_of(an_event()), stored()
    header = signature_header(body, WEBHOOK_SECRET, at=time.time() + skew_seconds)
    assert_refused(endpoint.post(body, header=header), 400, "invalid_signature")
    assert stored() == before


@pytest.mark.parametrize(("now_seconds", "is_let_in"), [(NOW + 300, True), (NOW - 300, True)])
def test_timestamp_exactly_300_seconds_off_is_accepted(now_seconds: float, is_let_in: bool) -> None:
    header = signature_header(b"{}", WEBHOOK_SECRET, at=NOW)
    signature.verify("{}", header, [WEBHOOK_SECRET], now_seconds=now_seconds)
    for too_far in (NOW + 300.5, NOW - 300.5):
        with pytest.raises(InvalidSignature):
            signature.verify("{}", header, [WEBHOOK_SECRET], now_seconds=too_far)


def test_captured_delivery_with_a_fresh_timestamp_is_refused(endpoint: Endpoint) -> None:
    """The time that is looked at must be the time that was signed."""
    body, before = body_of(an_event()), stored()
    then, now = int(time.time()) - 86_400, int(time.time())
    digest = v1(body, at=then)
    for times in (
        f"t={now},t={then}",
        f"t={then},t={now}",
        f"x=1, t={now},t={then}",
        f"t={then}=x,t={now}",
        f"t={now}=x,t={then}",
        f"t={then} ,t={now}",
        f" t={now},t={then}",
    ):
        assert_refused(endpoint.post(body, header=f"{times},v1={digest}"), 400, "invalid_signature")
    assert stored() == before


def test_a_missing_header_is_refused(endpoint: Endpoint) -> None:
    answer = endpoint.application.test_client().post(endpoint.path, data=body_of(an_event()))
    assert_refused(answer, 400, "invalid_signature")


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "garbage",
        ",",
        "=",
        "t",
        "t=",
        "t={now}",
        "t={now},v1",
        "t={now},v1=",
        "t={now},v1={v1}0",
        "t={now},v1=é{v1}",
        "t={now};v1={v1}",
        "t={now},V1={v1}",
        "t=,v1={v1}",
        "t=now,v1={v1}",
        "t=-{now},v1={v1}",
        "t={now}.0,v1={v1}",
        "t=0x10,v1={v1}",
        "t=" + "9" * 5000 + ",v1={v1}",
        "v1={v1}",
        "{v1}",
        "Bearer {v1}",
        "t={now}," + "v1=0," * 2000,
    ],
)
def test_a_malformed_header_is_refused(endpoint: Endpoint, header: str) -> None:
    body, before = body_of(an_event()), stored()
    filled = header.replace("{now}", str(int(time.time()))).replace("{v1}", v1(body))
    assert_refused(endpoint.post(body, header=filled), 400, "invalid_signature")
    assert stored() == before


@pytest.mark.parametrize("change", [b" ", b"\n", b"}", b"\x00"])
def test_a_body_changed_by_one_byte_is_refused(endpoint: Endpoint, change: bytes) -> None:
    body, before = body_of(an_event()), stored()
    header = signature_header(body, WEBHOOK_SECRET)
    assert_refused(endpoint.post(body + change, header=header), 400, "invalid_signature")
    assert_refused(
        endpoint.post(body.replace(b"product.created", b"product.deleted"), header=header), 400, "invalid_signature"
    )
    assert stored() == before


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_secret_verifies_nothing(blank: str) -> None:
    header = signature_header(b"{}", blank, at=NOW)
    with pytest.raises(InvalidSignature):
        signature.verify("{}", header, [blank], now_seconds=NOW)


@pytest.mark.parametrize("body", ["", "{}", '{"name": "Zoë — 株式会社 \U0001f600"}', "{\r\n}\n"])
def test_signature_of_the_official_library_is_accepted(body: str) -> None:
    header = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, NOW)
    signature.verify(body, header, [WEBHOOK_SECRET], now_seconds=NOW)
    with pytest.raises(InvalidSignature):
        signature.verify(body + " ", header, [WEBHOOK_SECRET], now_seconds=NOW)


def test_nothing_is_parsed_before_the_signature(endpoint: Endpoint) -> None:
    assert_refused(endpoint.post(b"not even JSON", header="t=1,v1=0"), 400, "invalid_signature")
