"""docs/reference/api.md run from top to bottom with curl: each route is called and answers what the document says."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from flask import Flask
from flask_openapi3 import OpenAPI

from app.http.document import complete
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from . import shapes
from .conftest import Answer, Served
from .shell import Block, Shell, blocks

NOT_SHOWN: Final = frozenset({"POST /v1/public/affiliate/confirmation"})
"""Operations the page cannot call, as `GET /path`: this one's token comes by mail only."""

Story = Callable[[Deliver, Drain], None]


def customers_buy(deliver: Deliver, drain: Drain) -> None:
    """Cleo subscribes through Ada's link and comes back twice; two others come from nowhere."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver(first.events + cleo.renews(first).events + cleo.renews(first).events)
    deliver(Customer(CLOVER, Marks()).subscribes().events + Customer(CLOVER, Marks()).subscribes().events)
    drain()


MEANWHILE: Final[Mapping[str, Story]] = {"Conversions and commissions": customers_buy}
"""What happens at Stripe before the calls under a heading are made."""


def test_every_call_of_the_page_answers_as_documented(
    application: Flask, shell: Shell, served: Served, key: str, deliver: Deliver, drain: Drain
) -> None:
    document = complete(cast(OpenAPI, application))
    heading, called = "", set[str]()
    for number, block in enumerate(blocks()):
        if block.heading != heading and block.heading in MEANWHILE:
            MEANWHILE[block.heading](deliver, drain)
        heading = block.heading
        served.answers.clear()
        text = block.text
        if number == 0:  # the first block names the reader's own server and key
            text = re.sub(r"^(export )?(ACCRUAL|KEY)=.*$", "", text, flags=re.MULTILINE)
            text = f"ACCRUAL={served.address} KEY={key}\n{text}"
        shell.run(text)
        called |= _check(document, block, served.answers)
    every = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert every - called == NOT_SHOWN


def _check(document: dict[str, Any], block: Block, answers: list[Answer]) -> set[str]:
    """Hold the answers of a block against the document; gives the operations that were called and succeeded."""
    refused = [(answer.status, json.loads(answer.body)["error"]["code"]) for answer in answers if answer.status >= 400]
    assert refused == block.refusals, f"{block.text}\n{[answer.body for answer in answers]}"
    if block.shown is not None:
        assert shapes.keys(json.loads(block.shown)) == shapes.keys(json.loads(answers[-1].body)), block.text
    called = set()
    for answer in answers:
        assert answer.path is not None, block.text
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", answer.path)
        if path not in document["paths"]:
            continue
        assert shapes.faults(document, path, answer.method, answer.status, answer.body) == [], (answer, block.text)
        if answer.status < 400:
            called.add(f"{answer.method} {path}")
    return called
