"""The pages of docs/reference/api run with curl: each route is called and answers what the document says."""

import json
import re
from collections.abc import Callable
from typing import Any, Final, cast

from flask import Flask
from flask_openapi3 import OpenAPI
from sqlalchemy import select

from app import db
from app.http.openapi.document import complete
from app.programs.models import Program
from app.statements import closing, periods
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from . import shapes
from .conftest import Answer, MakeKey, Served
from .shell import SETUP, Block, Shell, api_pages, blocks

NOT_SHOWN: Final = frozenset(
    {
        "GET /v1/admin/affiliate-me/opening-balances/{opening_balance_id}",
        "GET /v1/admin/affiliate-me/payouts/{payout_id}",
        "GET /v1/admin/affiliate-me/statements/preview",
        "GET /v1/admin/affiliate-me/statements/{statement_id}",
        "POST /v1/public/affiliate/confirmation",
    }
)
"""Operations that no page can call, as `GET /path`: a partner that has just signed up has no payout, no opening balance
and no month yet, and the token of a confirmation comes by mail only."""
PARTNER: Final = """
ADA=$(curl -s $ACCRUAL/api/v1/partners -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"email": "ada@example.com", "slug": "ada"}' | grep -o 'par_[0-9a-z]*')
curl -s -X PATCH $ACCRUAL/api/v1/partners/$ADA -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"status": "active"}'
"""
"""The partner that the quick start adds."""


def test_every_call_of_the_pages_answers_as_documented(
    application: Flask,
    open_shell: Callable[[], Shell],
    served: Served,
    make_key: MakeKey,
    deliver: Deliver,
    drain: Drain,
) -> None:
    document = complete(cast(OpenAPI, application))
    with open_shell() as shell:
        shell.run(f"ACCRUAL={served.address} KEY={make_key()}{PARTNER}")
    _customers_buy(deliver, drain)
    called = set[str]()
    for page in api_pages():
        with open_shell() as shell:
            shell.run(f"ACCRUAL={served.address} KEY={make_key()} LIVE_KEY={make_key(livemode=True)}")
            called |= _run(page, shell, document, served.answers)
    every = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert every - called == NOT_SHOWN


def _customers_buy(deliver: Deliver, drain: Drain) -> None:
    """Cleo subscribes through Ada's link and renews twice; two other customers have no partner. The month is closed."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver(first.events + cleo.renews(first).events + cleo.renews(first).events)
    deliver(Customer(CLOVER, Marks()).subscribes().events + Customer(CLOVER, Marks()).subscribes().events)
    drain()
    with db.transaction() as session:
        for program_id in session.scalars(select(Program.id)):
            period = periods.load_running(session, program_id)
            closing.close(session, period, period.ends_at)


def _run(page: str, shell: Shell, document: dict[str, Any], answers: list[Answer]) -> set[str]:
    """Run a page after the setup; gives the operations that were called and succeeded."""
    _, setup, *others = blocks(SETUP)
    shell.run(setup.text)
    called = set()
    for block in others if page == SETUP else blocks(page):
        answers.clear()
        shell.run(block.text)
        called |= _check(document, block, answers)
    return called


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
        assert _faults(document, path, answer) == [], (answer, block.text)
        if answer.status < 400:
            called.add(f"{answer.method} {path}")
    return called


def _faults(document: dict[str, Any], path: str, answer: Answer) -> list[str]:
    return shapes.faults(document, path, answer.method, answer.status, answer.body, answer.content_type)
