"""The pages about outbound webhooks: every event is described, and the receiver that they show works."""

import json
import re
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask
from flask_openapi3 import OpenAPI
from standardwebhooks import Webhook, WebhookVerificationError

from app.http.openapi.document import complete
from app.outbox.event_types import EVENT_TYPES
from app.outbox.waits import WAITS_SECONDS
from app.rest.outbound.payloads import DATA, DESCRIPTIONS

from .pages import code, read, table_under
from .shapes import departures

GUIDE = "docs/guides/outbound-webhooks.md"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_every_event_is_in_the_table_with_its_description() -> None:
    rows = table_under("docs/reference/outbound-events.md", "All events")
    assert {code(row[0]): row[2] for row in rows} == DESCRIPTIONS
    assert list(DATA) == list(DESCRIPTIONS) == list(EVENT_TYPES)


def test_the_document_has_an_example_of_every_message_in_its_own_shape(application: Flask) -> None:
    document = complete(cast(OpenAPI, application))
    assert list(document["webhooks"]) == list(DATA)
    for name, item in document["webhooks"].items():
        body = item["post"]["requestBody"]["content"]["application/json"]
        assert departures(document, body["schema"], body["example"]) == [], name
        assert body["example"]["type"] == name


def test_the_receiver_in_python_takes_a_signed_message_once_and_no_other() -> None:
    [shown] = re.findall(r"```python\n(.*?)```", read(GUIDE), re.DOTALL)
    stored: list[dict[str, Any]] = []
    names: dict[str, Any] = {
        "seen_before": lambda message_id: message_id in [message["id"] for message in stored],
        "store": stored.append,
    }
    exec(shown.replace("whsec_…", SECRET), names)  # noqa: S102  (it is our own page)
    [body] = re.findall(r"```json\n(.*?)```", read(GUIDE), re.DOTALL)
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, body),
    }
    assert [names["receive"](body.encode(), headers) for _ in range(2)] == [204, 204]
    assert stored == [json.loads(body)]
    assert names["receive"](body.encode() + b" ", headers) == 400
    assert issubclass(names["WebhookVerificationError"], WebhookVerificationError)


def test_the_waits_are_those_in_force() -> None:
    shown = "5 seconds, 5 minutes, 30 minutes, 2, 5, 10, 14, 20 and 24 hours"
    assert shown in " ".join(read(GUIDE).split())
    assert (5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))) == WAITS_SECONDS
