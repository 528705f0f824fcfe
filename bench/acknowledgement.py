"""Deliveries acknowledged per second: signature verified, event stored durably, worker woken."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Final
from urllib.parse import urlsplit

import psycopg

from bench import documents, load, receivers, web
from bench.figures import Figure, compared
from bench.installation import Installation, libpq_url

REQUESTS: Final = 2_500
"""Requests to each server in each round."""
WARM_UP_REQUESTS: Final = 500
BUSY_SHARE: Final = 0.8
"""If the load generator takes more of a core than this, it limits the rate itself."""


@dataclass
class Contender:
    """A server, the address of its webhook, and the rates of its rounds so far."""

    name: str
    port: int
    path: str
    secret: str
    rates: list[float] = field(default_factory=list)

    def deliver(self, bodies: Iterator[str], requests: int) -> load.Run:
        """Deliver this number of new events to the server."""
        ready = [load.request(self.path, body, self.secret) for body in islice(bodies, requests)]
        return load.send(self.port, ready)


def measure(installation: Installation, *, rounds: int) -> list[Figure]:
    """Accrual compared with a bare route that inserts and another that enqueues, in turns."""
    with ExitStack() as stack:
        ours, inserting, enqueuing = contenders = _serve(installation, stack)
        bodies = _bodies()
        for contender in contenders:
            contender.deliver(bodies, WARM_UP_REQUESTS)
        for _ in range(rounds):
            for contender in contenders:
                run = contender.deliver(bodies, REQUESTS)
                if run.own_cpu_seconds > BUSY_SHARE * run.seconds:
                    raise RuntimeError(f"{contender.name} answers faster than the load generator sends")
                contender.rates.append(run.rate)
    name = "durable acknowledgements"
    return [
        compared(f"{name}, beside verify + INSERT", ours.rates, inserting.rates, unit="/s", at_least=0.75),
        compared(f"{name}, beside construct_event + enqueue", ours.rates, enqueuing.rates, unit="/s", at_least=1.8),
    ]


def _serve(installation: Installation, stack: ExitStack) -> list[Contender]:
    """Start the three servers, which all run until the end; the others are idle while one is measured."""
    settings, merchant = installation.settings, installation.merchant
    directory, secret = settings.data_dir, merchant.webhook_secret
    database_url = libpq_url(settings)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(receivers.TABLE)
        connection.execute(receivers.STORAGE)
    inserting = f"bench.receivers:inserting({database_url!r}, {secret!r})"
    enqueuing = f"bench.receivers:enqueuing({settings.redis_url!r}, {secret!r})"

    def serve(application: str) -> int:
        return stack.enter_context(web.served(application, directory))

    return [
        Contender("Accrual", serve("app.web:create_app()"), urlsplit(merchant.webhook_url).path, secret),
        Contender("verify + INSERT", serve(inserting), "/webhook", secret),
        Contender("construct_event + enqueue", serve(enqueuing), "/webhook", secret),
    ]


def _bodies() -> Iterator[str]:
    """An endless iterator of paid renewal invoices, each of a different subscription."""
    (renewal,) = documents.story(months=1).renewals
    for number in count():
        yield renewal.copy(number).body
