"""Whether processes run for the work that waits. Each registers in Redis, where it is forgotten after it ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from app import jobs
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.outbox import sending
from app.transfer.exports.stored import job as exports
from app.transfer.imports.working import job as imports

WAITING: Final[Mapping[str, tuple[str, Sequence[Callable[[Session], bool]]]]] = {
    "python -m worker archives": (jobs.ARCHIVES_QUEUE, (exports.is_due, imports.is_due)),
    "python -m worker outbound": (jobs.OUTBOUND_QUEUE, (sending.is_due,)),
}
"""By the command of a process: its queue, and the functions by which its work is found."""


def check(session: Session, examined: Examined) -> Iterator[Finding]:
    """Processes that do not run although their work waits; nothing while Redis cannot be asked."""
    del examined
    for command, (queue, kinds) in WAITING.items():
        if any(is_due(session) for is_due in kinds) and jobs.has_process(queue) is False:
            yield found("process_missing", command=command)
