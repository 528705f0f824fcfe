"""The kinds of files: how each checks a line and becomes bytes, and which lines share a file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from app.errors import InvalidRequest
from app.immutable import immutable
from app.partners.payout_methods.destinations import kinds as destinations
from app.payouts import methods
from app.payouts.files.formats import bank_list, payoneer, paypal, sepa, wise
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import FileKind, MethodName, Refusal

MOST_LINES: Final = 5000
"""Lines of a file whose reader sets no limit, so that a file is a handful for a person and for memory."""


@immutable
class Format:
    """A kind of file.

    Attributes:
        problem: why a line cannot be in the file; None if it can.
        render: the file's bytes.
        extension: of its name.
        content_type: by which it is downloaded.
        group: what the lines of one file must share beside method and currency.
    """

    problem: Callable[[FileLine], Refusal | None]
    render: Callable[[FileHead, Sequence[FileLine]], bytes]
    extension: str = "csv"
    content_type: str = "text/csv; charset=utf-8"
    group: Callable[[FileLine], str] = lambda _: ""


FORMATS: Final[Mapping[FileKind, Format]] = MappingProxyType(
    {
        "paypal": Format(paypal.problem, paypal.render),
        "wise": Format(wise.problem, wise.render, group=wise.group),
        "sepa": Format(sepa.problem, sepa.render, "xml", "application/xml"),
        "payoneer": Format(payoneer.problem, payoneer.render),
        "bank_list": Format(bank_list.problem, bank_list.render),
    }
)


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be in its file; None if it can. A bad line never keeps the others from theirs.

    The destination is validated once more: it may have been stored before a rule was known.
    """
    found = FORMATS[line.kind].problem(line)
    if found is not None:
        return found
    try:
        destinations.validate(line.method, line.destination)
    except InvalidRequest as refused:
        return Refusal("malformed", {"field": refused.param or line.method})
    return None


def shared_out(lines: Iterable[FileLine]) -> list[list[FileLine]]:
    """The lines of each file: one method, currency and kind of recipient, and no more lines than the reader takes.

    Lines keep their order, so that the same lines are always shared out in the same way.
    """
    groups: dict[tuple[MethodName, FileKind, str, str], list[FileLine]] = {}
    for line in lines:
        key = (line.method, line.kind, line.currency, FORMATS[line.kind].group(line))
        groups.setdefault(key, []).append(line)
    files = []
    for (method, *_), group in groups.items():
        most = methods.TABLE[method].lines_per_file or MOST_LINES
        files += [group[start : start + most] for start in range(0, len(group), most)]
    return files


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The bytes of a file with these lines, which `shared_out` put together."""
    return FORMATS[lines[0].kind].render(head, lines)
