"""A list of transfers that a person enters or a bank imports: outside SEPA, and for crypto addresses. Pure."""

from collections.abc import Sequence
from typing import Final

from app.payouts.files.formats import cells
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import Refusal

HEADER: Final = ("beneficiary_name", "iban", "account", "amount", "currency", "reference")


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be in the file."""
    name_field = "account_holder" if "account_holder" in line.destination else "name"
    return cells.first_problem(
        cells.problem(name_field, _name(line), is_name=True),
        cells.problem("iban", line.destination.get("iban", "")),
        cells.problem("account_number", _account(line)),
        None if line.destination.get("iban") or _account(line) else Refusal("missing", {"field": "account_number"}),
    )


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The file."""
    rows = (
        (
            head.marked(_name(line)),
            line.destination.get("iban", ""),
            _account(line),
            line.amount,
            line.currency_code,
            line.reference,
        )
        for line in lines
    )
    return cells.render(HEADER, rows)


def _name(line: FileLine) -> str:
    return line.destination.get("account_holder", line.name)


def _account(line: FileLine) -> str:
    """The account's number with its bank; of a crypto address the network before it."""
    if line.method == "crypto":
        return f"{line.destination.get('network', '')}: {line.destination.get('address', '')}"
    number, bic = line.destination.get("account_number", ""), line.destination.get("bic", "")
    return f"{number} ({bic})" if number and bic else number
