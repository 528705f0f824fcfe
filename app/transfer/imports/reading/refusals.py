"""Why a row, or a part of it, is not imported: codes of `import_refusal.…` and `import_left_out.…`. Pure."""

from typing import Final, Literal, get_args

from app.errors import AccrualError

RefusalCode = Literal[
    "encoding_broken",
    "cell_count",
    "formula",
    "missing",
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
    "affiliate_missing",
    "affiliate_unknown",
    "affiliate_differs",
    "customer_missing",
    "customer_of_another",
    "customer_differs",
    "first_paid_at_missing",
    "amount_differs",
    "self_referral",
    "erased",
    "refused",
]
REFUSALS: Final[tuple[RefusalCode, ...]] = get_args(RefusalCode)
"""What is wrong with a row, or what it contradicts; the merchant puts it right and imports again."""

LeftOut = Literal["paid", "voided", "pending", "after_cutoff", "no_customer", "not_money", "zero", "no_commission"]
LEFT_OUT: Final[tuple[LeftOut, ...]] = get_args(LeftOut)
"""Why a row that is right is nothing to import."""

LONGEST_SHOWN: Final = 60


class RowRefused(AccrualError):
    """A row, or a part of it, is not imported.

    Attributes:
        code: why.
        field: what could not be read; None: it is about the row.
        value: as the file has it, if it is no personal data; None otherwise.
        more: what the sentence needs besides.
    """

    def __init__(
        self, code: RefusalCode, field: str | None = None, value: str | None = None, **more: str | int
    ) -> None:
        super().__init__(code)
        self.code: RefusalCode = code
        self.field = field
        self.value = None if value is None or "@" in value else value[:LONGEST_SHOWN]
        self.more = more


class RowLeftOut(AccrualError):
    """A row is right, and nothing to import. `reason` is a code of `LEFT_OUT`."""

    def __init__(self, reason: LeftOut) -> None:
        super().__init__(reason)
        self.reason: LeftOut = reason
