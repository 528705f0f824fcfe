"""The cut-off of a program per mode: payments made before it were paid for elsewhere and earn nothing here."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.programs.models import Program

COLUMNS: Final = {True: "live_cutoff_at", False: "test_cutoff_at"}
"""The column of the program by `livemode`."""


def of(program: Program, *, livemode: bool) -> datetime | None:
    """The program's cut-off in a mode; None if it has none."""
    cutoff_at: datetime | None = getattr(program, COLUMNS[livemode])
    return cutoff_at


def replace(session: Session, program: Program, cutoff_at: datetime | None, *, livemode: bool) -> datetime | None:
    """Store a program's cut-off in a mode; returns the former one. Locks the program."""
    session.refresh(program, with_for_update=True)
    former = of(program, livemode=livemode)
    setattr(program, COLUMNS[livemode], cutoff_at)
    session.flush()
    return former
