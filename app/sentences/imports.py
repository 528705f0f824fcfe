"""What an import did, and why a row of a file was not imported, as sentences. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from app.sentences.say import Value, say, say_stored

RefusalCode = Literal[
    "encoding_broken",
    "cell_count",
    "formula",
    "missing",
    "id_invalid",
    "email_invalid",
    "code_invalid",
    "code_taken",
    "link_without_code",
    "status_unknown",
    "stripe_customer_invalid",
    "amount_invalid",
    "amount_ambiguous",
    "currency_unknown",
    "currency_differs",
    "date_invalid",
    "date_ambiguous",
    "date_in_future",
    "affiliate_missing",
    "affiliate_unknown",
    "affiliate_differs",
    "customer_missing",
    "customer_of_another",
    "customer_differs",
    "first_paid_at_missing",
    "balance_differs",
    "self_referral",
    "erased",
    "refused",
]
REFUSALS: Final[tuple[RefusalCode, ...]] = get_args(RefusalCode)
"""What is wrong with a row, or what it contradicts; the merchant puts it right and imports again."""

ImportStatus = Literal["queued", "finished", "failed"]
STATUSES: Final[tuple[ImportStatus, ...]] = get_args(ImportStatus)
LeftOut = Literal["paid", "voided", "pending", "after_cutoff", "no_customer", "not_money", "zero"]
LEFT_OUT: Final[tuple[LeftOut, ...]] = get_args(LeftOut)
"""Why a row that is right is nothing to import."""


def refusal(code: str, details: Mapping[str, Any]) -> str:
    """Why a row, or a part of it, was not imported: `The date "03/04/2020" of column "Joined" …` for example.

    Args:
        code: one of `REFUSALS`.
        details: `column` and `value` as the file has them, and what else the sentence needs.
    """
    values: dict[str, Value] = {"column": "", "value": "", **details}
    if code == "cell_count":
        cells, columns = details["found"], details["expected"]
        values |= {"found": say("count.cells", count=cells), "expected": say("count.columns", count=columns)}
    return say_stored("import_refusal", code, **values)


def left_out(code: str) -> str:
    """Why a row is nothing to import; `code` is one of `LEFT_OUT`."""
    return say_stored("import_left_out", code)


def summary(status: str, *, dry_run: bool, rows: int, changed: int, refused: int) -> str:
    """What an import is doing or did.

    Args:
        status: `queued`, `finished` or `failed`.
        dry_run: whether nothing is written.
        rows: rows of its files.
        changed: what it added or completed.
        refused: rows and parts of rows that are refused.
    """
    if status != "finished":
        return say_stored("import_status", status)
    if changed == 0:
        done = say("import.unchanged", count=rows)
    elif dry_run:
        done = say("import.dry_run", changed=say("import.to_change", count=changed), count=rows)
    else:
        done = say("import.done", changed=say("import.changed", count=changed), count=rows)
    if not refused:
        return done
    not_done = say("import.refused", count=refused)
    return f"{done} {not_done}"
