"""SEPA credit transfers as a pain.001.001.09 document, by `sepaxml`.

The library makes random ids and takes the time of day: message id, payment id and time are set afterwards from the
file's row, so that the same row gives the same bytes. Every field is cleaned to the SEPA's characters and lengths
before, and the document is validated against the schema that the library brings.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from app import ids
from app.payouts.files.formats.cells import first_problem
from app.payouts.files.formats.sepa_text import LONGEST_NAME, LONGEST_POSTAL_CODE, LONGEST_STREET, LONGEST_TOWN, clean
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import Refusal
from app.payouts.owner_settings.debtor import Debtor

SCHEMA: Final = "pain.001.001.09"
LONGEST_TEXT: Final = 140
"""Characters of the text that the partner's bank shows, `Ustrd`."""

_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be in the document: a field is missing, or nothing of it is left in the SEPA's characters."""
    destination = line.destination
    return first_problem(
        _unless(clean(destination.get("account_holder", ""), LONGEST_NAME), "no_letters", "account_holder"),
        _unless(clean(destination.get("town", ""), LONGEST_TOWN), "no_letters", "town"),
        _unless(_IBAN.fullmatch(destination.get("iban", "")), "malformed", "iban"),
        _unless("bic" not in destination or _BIC.fullmatch(destination["bic"]), "malformed", "bic"),
        _unless(_COUNTRY.fullmatch(destination.get("country", "")), "malformed", "country"),
    )


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The document.

    Raises:
        ValueError: the owner's account is missing.
        sepaxml.validation.ValidationError: the schema refuses it, which `problem` should have found.
    """
    from sepaxml import SepaTransfer  # noqa: PLC0415 - with its schemas it takes memory that few processes need
    from sepaxml.validation import try_valid_xml  # noqa: PLC0415 - as above

    if head.debtor is None:
        raise ValueError("a SEPA file needs the owner's account")
    transfer = SepaTransfer(_payer(head.debtor), schema=SCHEMA, clean=False)
    for line in lines:
        transfer.add_payment(_payment(head, line))
    document = _with_own_ids(transfer.export(validate=False), head)
    try_valid_xml(document, SCHEMA)
    return document


def message_id(head: FileHead) -> str:
    """The id of the message and of its payment: the file's public id in capitals, without the underscore."""
    return ids.encode(ids.PAYOUT_FILE, head.file_id).replace("_", "").upper()


def _payer(debtor: Debtor) -> dict[str, Any]:
    payer = {
        "name": clean(debtor.name, LONGEST_NAME),
        "IBAN": debtor.iban,
        "currency": "EUR",
        "batch": True,
        "address": _filled(
            street_name=clean(debtor.street, LONGEST_STREET),
            postcode=clean(debtor.postal_code, LONGEST_POSTAL_CODE),
            town=clean(debtor.town, LONGEST_TOWN),
            country=debtor.country,
        ),
    }
    return payer if debtor.bic is None else {**payer, "BIC": debtor.bic}


def _payment(head: FileHead, line: FileLine) -> dict[str, Any]:
    destination = line.destination
    payment = {
        "name": clean(head.marked(destination["account_holder"]), LONGEST_NAME),
        "IBAN": destination["iban"],
        "amount": line.net_minor,
        "execution_date": head.created_at.astimezone(UTC).date(),
        "description": clean(f"{head.marked(line.reference)} {head.program_name}", LONGEST_TEXT),
        "endtoend_id": line.reference,
        "address": _filled(town=clean(destination["town"], LONGEST_TOWN), country=destination["country"]),
    }
    return payment if "bic" not in destination else {**payment, "BIC": destination["bic"]}


def _with_own_ids(document: bytes, head: FileHead) -> bytes:
    own = message_id(head)
    created_at = head.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for element, text in {"MsgId": own, "CreDtTm": created_at, "PmtInfId": own}.items():
        document = re.sub(rf"<{element}>[^<]*<".encode(), f"<{element}>{text}<".encode(), document, count=1)
    return document


def _filled(**fields: str) -> Mapping[str, str]:
    return {name: text for name, text in fields.items() if text}


def _unless(is_right: object, code: str, field: str) -> Refusal | None:
    return None if is_right else Refusal(code, {"field": field})
