"""Finding text for people in the database, where only codes, numbers and names belong."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, text

from tests.stripe_stories.families import CLOVER

TYPED: Final = frozenset(
    {
        "api_keys.name",
        "attributions.reason",
        "audit_entries.details",
        "commissions.calculation.stopped_by.reason",
        "decisions.reason",
        "evidence.name",
        "journal_entries.details.because",
        "journal_entries.details.calculation.stopped_by.reason",
        "organizations.name",
        "partners.first_name",
        "partners.last_name",
        "partners.metadata",
        "payments.base_details.event_name",
        "payments.base_details.external_id",
        "payments.outcome_details.by_hand",
        "payments.outcome_details.reason",
        "programs.name",
        "stripe_endpoints.description",
        "stripe_events.outcome_details.by_hand",
        "stripe_events.outcome_details.reason",
        "touchpoints.utm",
    }
)
"""What a person typed, or a visitor's link carried."""
DOCUMENTS: Final = frozenset({"stripe_events.payload", "stored_responses.response"})
"""Whole documents: as Stripe sent them, and as the API answered."""

_TABLES: Final = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      AND has_table_privilege(oid, 'SELECT')
    ORDER BY relname
""")


def texts_stored(connection: Connection) -> list[tuple[str, str]]:
    """Every stored value with a space in it, and its place, `payments.outcome_details.limit`; `TYPED` is left out.

    A code has no space. An instant in JSON is written with a T.
    """
    return sorted({(place, value) for place, value in _values(connection) if " " in value and not _is_allowed(place)})


def _is_allowed(place: str) -> bool:
    return any(place == one or place.startswith(f"{one}.") for one in TYPED | DOCUMENTS)


def _values(connection: Connection) -> Iterator[tuple[str, str]]:
    for table in connection.scalars(_TABLES).all():
        for row in connection.scalars(text(f'SELECT to_jsonb(stored) FROM "{table}" AS stored')):
            yield from _within(table, row)


def _within(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _within(f"{place}.{name}", one)
    elif isinstance(value, list):
        for one in value:
            yield from _within(place, one)


def watched(request: pytest.FixtureRequest) -> Iterator[None]:
    """The body of a fixture that refuses a test which stores text for people.

    Of a story that exists in every family of documents, one is read: what is stored is the same in all.
    """
    parameters = getattr(request.node, "callspec", None)
    family = parameters.params.get("family", CLOVER) if parameters is not None else CLOVER
    if "database" not in request.fixturenames or family is not CLOVER:
        yield
        return
    engine: Engine = request.getfixturevalue("database")
    yield
    with engine.connect() as connection:
        found = texts_stored(connection)
    assert found == [], found
