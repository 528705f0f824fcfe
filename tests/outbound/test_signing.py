"""What a receiver with the Standard Webhooks library accepts."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from worker.outbound import signing

OLD, NEW, OTHER = "whsec_b2xkIHNlY3JldCBvZiB0aGUgdGVzdHM=", "whsec_bmV3IHNlY3JldCBvZiB0aGUgdGVzdHM=", "whsec_b3RoZXI="
BODY = '{"data":{"name":"Zoë"},"type":"webhook.test"}'.encode()


def test_a_receiver_with_the_library_verifies_what_is_sent() -> None:
    sent = signing.headers("msg_1", BODY, secrets=[NEW], now=datetime.now(UTC))
    assert Webhook(NEW).verify(BODY, sent)["data"] == {"name": "Zoë"}
    assert sent["webhook-id"] == "msg_1"
    assert sent["Content-Type"] == "application/json"


def test_after_a_rotation_both_secrets_are_accepted_and_no_other() -> None:
    sent = signing.headers("msg_1", BODY, secrets=[NEW, OLD], now=datetime.now(UTC))
    for secret in (NEW, OLD):
        Webhook(secret).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, sent)


def test_another_body_id_or_time_is_refused() -> None:
    now = datetime.now(UTC)
    sent = signing.headers("msg_1", BODY, secrets=[NEW], now=now)
    for body, changed in (
        (BODY + b" ", sent),
        (BODY, {**sent, "webhook-id": "msg_2"}),
        (BODY, {**sent, "webhook-timestamp": str(int(now.timestamp()) + 1)}),
        (BODY, signing.headers("msg_1", BODY, secrets=[NEW], now=now - timedelta(minutes=6))),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(NEW).verify(body, changed)
