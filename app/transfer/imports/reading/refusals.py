"""The exceptions of a row, or a part of it, that is not imported. Pure."""

from typing import Final

from app.errors import AccrualError
from app.sentences.imports import LeftOut, RefusalCode

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
