"""Time from sending a webhook until its commission can be read, on an idle system."""

import json
import random
import time
from http.client import HTTPConnection
from itertools import islice
from statistics import median, quantiles
from typing import Final
from urllib.parse import urlsplit

from app.runtime.stack import HOST
from bench import documents, load
from bench.figures import Figure, bounded
from bench.installation import Installation

SAMPLES: Final = 100
WARM_UP_SAMPLES: Final = 5
PATIENCE_SECONDS: Final = 30
PAUSE_SECONDS: Final = (0.05, 0.15)
"""Random pause between samples, so that they are not synchronized with anything periodic."""


def measure(installation: Installation, port: int) -> list[Figure]:
    """The median and the 95th percentile of renewals that are sent one at a time."""
    story = documents.story(months=1)
    reader = _Reader(installation, port)
    path = urlsplit(installation.merchant.webhook_url).path
    seconds = []
    for number in range(SAMPLES + WARM_UP_SAMPLES):
        for event in story.beginning:
            load.send(port, [load.request(path, event.copy(number).body, installation.merchant.webhook_secret)])
        reader.await_new()
        time.sleep(random.uniform(*PAUSE_SECONDS))
        (renewal,) = story.renewals
        ready = load.request(path, renewal.copy(number).body, installation.merchant.webhook_secret)
        began = time.perf_counter()
        load.send(port, [ready], connections=1)
        reader.await_new()
        seconds.append(time.perf_counter() - began)
    milliseconds = [1000 * sample for sample in islice(seconds, WARM_UP_SAMPLES, None)]
    name = "webhook sent to commission readable"
    return [
        Figure(f"{name}, median", median(milliseconds), "ms"),
        bounded(f"{name}, 95th percentile", quantiles(milliseconds, n=20)[-1], unit="ms", at_most=60),
    ]


class _Reader:
    """A client of the API that polls the newest commission."""

    def __init__(self, installation: Installation, port: int) -> None:
        self.connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
        self.headers = {"Authorization": f"Bearer {installation.merchant.api_key}"}
        self.newest = self._read()

    def await_new(self) -> None:
        """Return once there is a new commission. Raises RuntimeError after `PATIENCE_SECONDS`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (newest := self._read()) == self.newest:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no commission after {PATIENCE_SECONDS} seconds")
        self.newest = newest

    def _read(self) -> str | None:
        self.connection.request("GET", "/api/v1/commissions?limit=1", headers=self.headers)
        listed = json.loads(self.connection.getresponse().read())["commissions"]
        return listed[0]["id"] if listed else None
