"""What shapes of commission cost those who do not use them: nothing."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from app import db
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

ONLY_WHERE_USED = (
    "WITH RECURSIVE above",
    "approved_before FROM",
    "approved before",
    "partner_organization_id FROM partners",
)


@pytest.fixture
def statements(application: Flask) -> Iterator[list[str]]:
    """Every statement that the database is sent from now on."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_without_ladders_and_tiers_no_query_reads_them(deliver: Deliver, drain: Drain, statements: list[str]) -> None:
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    statements.clear()
    drain()
    assert [statement for statement in statements if "INSERT INTO commissions" in statement]
    assert [statement for statement in statements if any(words in statement for words in ONLY_WHERE_USED)] == []
