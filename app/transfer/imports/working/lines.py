"""Applies one line of a file: its affiliate, its customer and its money, each in a savepoint of its own."""

from collections.abc import Callable
from typing import TypeVar

from app.partners.models import Partner
from app.transfer.imports.reading.refusals import RowLeftOut, RowRefused
from app.transfer.imports.reading.rows import Reader
from app.transfer.imports.reading.tables import Line
from app.transfer.imports.working import affiliates, balances, customers
from app.transfer.imports.working.context import Context, Tally

Applied = TypeVar("Applied")


def apply(context: Context, reader: Reader, line: Line, tally: Tally) -> None:
    """Apply a line. What cannot be imported is noted in `tally` and changes nothing; the rest of the line is applied.

    Args:
        context: the import.
        reader: reads the cells of the line's file.
        line: the line.
        tally: gets what became of its parts.
    """
    partner = _part(context, reader, line, tally, lambda: _affiliate(context, reader, line, tally))
    if partner is None:
        return
    _part(context, reader, line, tally, lambda: _customer(context, reader, line, tally, partner))
    _part(context, reader, line, tally, lambda: _money(context, reader, line, tally, partner))


def _part(
    context: Context, reader: Reader, line: Line, tally: Tally, apply_part: Callable[[], Applied]
) -> Applied | None:
    """What `apply_part` returns; None if the part is refused or left out, which is noted."""
    try:
        with context.session.begin_nested():
            return apply_part()
    except (RowRefused, RowLeftOut) as why:
        tally.note(line.number, why, _column(reader, why))
        return None


def _affiliate(context: Context, reader: Reader, line: Line, tally: Tally) -> Partner:
    reader.check(line)
    if not reader.layout.enrolls:
        return affiliates.find(context, reader.reference(line))
    partner, became, refused = affiliates.apply(context, reader.affiliate(line))
    tally.add("affiliates", became)
    for why in refused:
        tally.note(line.number, why, _column(reader, why))
    return partner


def _customer(context: Context, reader: Reader, line: Line, tally: Tally, partner: Partner) -> None:
    row = reader.customer(line)
    if row is not None:
        tally.add("customers", customers.apply(context, partner, row))


def _money(context: Context, reader: Reader, line: Line, tally: Tally, partner: Partner) -> None:
    row = reader.money(line)
    if row is not None:
        became = balances.apply(context, partner, row)
        tally.add("balances", became)
        if became == "created":
            tally.add_money(row.currency, row.amount_minor)


def _column(reader: Reader, why: RowRefused | RowLeftOut) -> str | None:
    return reader.column(why.field) if isinstance(why, RowRefused) else None
