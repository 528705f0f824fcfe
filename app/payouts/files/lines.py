"""What a file of payouts is made of: its head and its lines. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from app import ids, money
from app.immutable import immutable
from app.payouts import methods
from app.payouts.methods import FileKind, MethodName
from app.payouts.owner_settings.debtor import Debtor

TEST: Final = "TEST"
"""In the name and in every line of a file with test money, so that none is paid by mistake."""


@immutable
class FileHead:
    """What all lines of a file share.

    Attributes:
        file_id: of the file's row; makes the message id of a SEPA file.
        created_at: of the file's row, an aware time.
        livemode: False for test money.
        program_name: who pays, as the partner knows it.
        debtor: the owner's account; None where no SEPA file is made.
        source_currency: what Wise takes the money in, lower case; None where no file of Wise is made.
    """

    file_id: UUID
    created_at: datetime
    livemode: bool
    program_name: str
    debtor: Debtor | None = None
    source_currency: str | None = None

    def marked(self, text: str) -> str:
        """`text`, with TEST before it for test money."""
        return text if self.livemode else f"{TEST} {text}"


@immutable
class FileLine:
    """One payout in a file.

    Attributes:
        country: where the money goes, as an ISO 3166 code; None: not known.
        net_minor: what the partner gets, in the currency's smallest unit.
        name: the partner's; a bank account has its holder in `destination`.
        destination: the unsealed fields, as `app.partners.payout_methods` validated them.
    """

    method: MethodName
    currency: str
    country: str | None
    net_minor: int
    reference: str
    name: str
    destination: Mapping[str, str]

    @property
    def kind(self) -> FileKind:
        """The kind of file it is in. Raises ValueError for a method that does not leave in a file."""
        kind = methods.file_kind(self.method, self.currency, self.country)
        if kind is None:
            raise ValueError(f"{self.method} does not leave in a file")
        return kind

    @property
    def amount(self) -> str:
        """The amount with a decimal point, without decimals where the method takes whole units only."""
        whole = 10 ** money.decimals(self.currency)
        if whole > 1 and methods.step(self.method, self.currency) % whole == 0:
            return str(self.net_minor // whole)
        return money.decimal_text(self.net_minor, self.currency)

    @property
    def currency_code(self) -> str:
        """The currency in upper case, as files have it."""
        return self.currency.upper()


def file_name(head: FileHead, kind: FileKind, currency: str, extension: str) -> str:
    """The name a file is downloaded by: `TEST-payouts-paypal-usd-2026-11-28-6n9wb2kc.csv`."""
    mark = "" if head.livemode else f"{TEST}-"
    day = head.created_at.date().isoformat()
    return f"{mark}payouts-{kind.replace('_', '-')}-{currency}-{day}-{short_id(head.file_id)}.{extension}"


def short_id(file_id: UUID) -> str:
    """The end of the file's public id, which differs between files of one day."""
    return ids.encode(ids.PAYOUT_FILE, file_id)[-8:]
