"""Posting to the receiver as Stripe does: whatever it answers is kept, with how long it took."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask

from tests.conftest import WEBHOOK_SECRET
from tests.stripe_stories.facts import Event
from tests.stripe_stories.signing import signature_header


@dataclass(frozen=True)
class Post:
    """Posts to one endpoint of an application in this process; any thread may."""

    application: Flask
    path: str

    def __call__(self, event: Event) -> tuple[int, float]:
        """The status, and the seconds it took."""
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signature_header(body, WEBHOOK_SECRET)}
        began_at = time.monotonic()
        answer = self.application.test_client().post(self.path, data=body, headers=headers)
        return answer.status_code, time.monotonic() - began_at

    def all(self, events: Iterable[Event]) -> list[tuple[int, float]]:
        """One after the other."""
        return [self(event) for event in events]
