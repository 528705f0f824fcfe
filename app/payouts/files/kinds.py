"""The kinds of files: how each checks a line and becomes bytes, and which lines share a file."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from app.errors import InvalidRequest
from app.immutable import immutable
from app.partners.payout_methods.destinations import kinds as destinations
from app.payouts import methods
from app.payouts.files.formats import bank_list, payoneer, paypal, sepa, wise
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import FileKind, MethodName, Refusal

MOST_LINES: Final = 5000
"""Lines of a file whose reader sets no limit, so that a person and a process can handle it."""
MOST_TRANSFERS: Final = 2000
"""Transfers of a SEPA file: validating one takes 30 MB for the schema, and 10 MB for each thousand transfers."""


class Target(NamedTuple):
    """What decides in which file a payout is; `fields` are the names of its destination's fields."""

    method: MethodName
    currency: str
    country: str | None
    fields: Collection[str]


Key = TypeVar("Key")


@immutable
class Format:
    """A kind of file.

    Attributes:
        problem: why a line cannot be in the file; None if it can.
        render: the file's bytes.
        extension: of its name.
        content_type: by which it is downloaded.
        recipient: by which field of a destination its lines are paid; the lines of one file share it.
        most_lines: how many lines a file has, if the method sets no limit.
    """

    problem: Callable[[FileLine], Refusal | None]
    render: Callable[[FileHead, Sequence[FileLine]], bytes]
    extension: str = "csv"
    content_type: str = "text/csv; charset=utf-8"
    recipient: Callable[[Collection[str]], str] = lambda _: ""
    most_lines: int = MOST_LINES


FORMATS: Final[Mapping[FileKind, Format]] = MappingProxyType(
    {
        "paypal": Format(paypal.problem, paypal.render),
        "wise": Format(wise.problem, wise.render, recipient=wise.recipient),
        "sepa": Format(sepa.problem, sepa.render, "xml", "application/xml", most_lines=MOST_TRANSFERS),
        "payoneer": Format(payoneer.problem, payoneer.render),
        "bank_list": Format(bank_list.problem, bank_list.render),
    }
)


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be paid; None if it can. A bad line never keeps the others from their file.

    The destination is validated once more: it may have been stored before a rule was known.
    """
    kind = methods.file_kind(line.method, line.currency, line.country)
    found = FORMATS[kind].problem(line) if kind else None
    if found is not None:
        return found
    try:
        destinations.validate(line.method, line.destination)
    except InvalidRequest as refused:
        return Refusal("malformed", {"field": refused.param or line.method})
    return None


def next_file(candidates: Iterable[tuple[Key, Target]]) -> list[Key]:
    """The keys of those candidates that belong in one file with the first: in order, as many as its reader takes.

    They share method, currency, kind of file and kind of recipient. What is left belongs in other files.
    """
    ordered = iter(candidates)
    first = next(ordered, None)
    if first is None:
        return []
    key, target = first
    shared = _shared(target)
    others = (other for other, its_target in ordered if _shared(its_target) == shared)
    return [key, *islice(others, most_lines(target) - 1)]


def most_lines(target: Target) -> int:
    """How many lines the file of a payout may have."""
    kind = methods.file_kind(target.method, target.currency, target.country)
    most = methods.TABLE[target.method].lines_per_file
    return most or (FORMATS[kind].most_lines if kind else MOST_LINES)


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The bytes of a file with these lines, which `next_file` put together."""
    return FORMATS[lines[0].kind].render(head, lines)


def _shared(target: Target) -> tuple[MethodName, str, FileKind | None, str]:
    kind = methods.file_kind(target.method, target.currency, target.country)
    return target.method, target.currency, kind, FORMATS[kind].recipient(target.fields) if kind else ""
