"""The hash of a statement: of its bounds, the hash before it and its postings. Pure.

It has no sentence, name or address, so that neither wording nor erasure changes it.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import orjson

from app.ledger.entries import RecordedLine

SCHEMA: Final = "accrual.statement.1"
"""The name of the format below; another format needs another name."""


def digest(
    statement_id: str,
    begins_at: datetime,
    ends_at: datetime,
    previous_hash: str | None,
    lines: Iterable[RecordedLine],
) -> str:
    """SHA-256, in hexadecimal digits, over compact JSON in UTF-8 with these keys in this order.

    `schema`, `id`, `begins_at`, `ends_at`, `previous_hash`, and `postings`: a sorted list of entry id, kind,
    `occurred_at`, `recorded_at`, account and signed minor units, debits positive. Times are UTC with six decimals.
    """
    postings = sorted(
        [
            str(line.entry_id),
            line.kind,
            _time(line.occurred_at),
            _time(line.recorded_at),
            line.account,
            line.amount_minor,
        ]
        for line in lines
    )
    document = {
        "schema": SCHEMA,
        "id": statement_id,
        "begins_at": _time(begins_at),
        "ends_at": _time(ends_at),
        "previous_hash": previous_hash,
        "postings": postings,
    }
    return hashlib.sha256(orjson.dumps(document)).hexdigest()


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
