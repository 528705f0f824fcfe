"""What the rows of an import are applied to, and what became of them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, get_args

from sqlalchemy.orm import Session

from app import ids
from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.organizations.actors import StoredActor
from app.partners.joining import addresses
from app.programs.models import Program
from app.tombstones import tombstones
from app.transfer.imports.models import Import
from app.transfer.imports.reading.refusals import RowLeftOut, RowRefused

Became = Literal["created", "completed", "unchanged"]
Subject = Literal["affiliates", "customers", "balances"]
SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)


@immutable
class Context:
    """The import, its program and who asked for it.

    Attributes:
        session: the batch's transaction.
        job: the import.
        program: whose partners, customers and money the rows are.
        cutoff_at: payments from then on earn here; None: the program has no cut-off.
        cause: the cause of what is posted.
    """

    session: Session
    job: Import
    program: Program
    cutoff_at: datetime | None
    cause: Cause

    @property
    def actor(self) -> StoredActor:
        """Who asked for the import."""
        return StoredActor(self.job.created_by)

    def refuse_erased(self, email: str | None, stripe_customer_id: str | None = None) -> None:
        """Refuse a person whom the organization has erased. Raises RowRefused `erased`."""
        owner = self.program.organization_id
        mark = addresses.mark(addresses.load_salt(self.session, owner), email)
        if tombstones.is_erased(self.session, owner, object_id=stripe_customer_id, mark=mark):
            raise RowRefused("erased")

    @classmethod
    def of(
        cls, session: Session, job: Import, program: Program, cutoff_at: datetime | None, now: datetime
    ) -> "Context":
        """The context of a claimed import."""
        return cls(session, job, program, cutoff_at, Cause(f"import:{ids.encode(ids.IMPORT, job.id)}", now))


class Note(NamedTuple):
    """A row, or a part of it, that was not imported; `file` is the position of its file."""

    file: int
    line: int
    why: RowRefused | RowLeftOut
    column: str | None


class Tally:
    """Counts what became of rows; `notes` are those that were not imported."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.file = 0
        """The position of the file whose lines are applied."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._refused = 0

    def add(self, subject: Subject, became: Became) -> None:
        """Count what became of a part of a row."""
        self._counts[subject, became] += 1

    def add_money(self, currency: str, amount_minor: int) -> None:
        """Count an opening balance that was recorded."""
        self._counts["opened_minor", currency] += amount_minor

    def note(self, line: int, why: RowRefused | RowLeftOut, column: str | None) -> None:
        """Count and keep a row that was not imported, because of a cell in `column` if it is about one."""
        self.notes.append(Note(self.file, line, why, column))
        if isinstance(why, RowLeftOut):
            self._counts["left_out", why.reason] += 1
        else:
            self._refused += 1

    def added_to(self, counts: Mapping[str, Any]) -> dict[str, Any]:
        """The counts of an import so far, and these: `{"affiliates": {"created": 2}, "refused": 1, …}`."""
        total: dict[str, Any] = {
            name: dict(value) if isinstance(value, Mapping) else value for name, value in counts.items()
        }
        for (name, key), number in self._counts.items():
            inner = total.setdefault(name, {})
            inner[key] = inner.get(key, 0) + number
        total["refused"] = total.get("refused", 0) + self._refused
        return total


def changed(counts: Mapping[str, Any]) -> int:
    """How many parts of rows added or completed something, of the counts of an import."""
    of_each = [counts.get(subject, {}) for subject in SUBJECTS]
    return sum(each.get("created", 0) + each.get("completed", 0) for each in of_each)
