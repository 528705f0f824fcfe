"""The brand of a program, as pages and mails use it."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import ids
from app.branding.models import ProgramBrand, ProgramLogo
from app.immutable import immutable
from app.programs.models import Program

EXTENSIONS: Final = {"image/png": "png", "image/jpeg": "jpg"}
"""The ends of a logo's address by its media type."""


@immutable
class Logo:
    """A logo: the path of its address on this server, and its size in pixels."""

    path: str
    width: int
    height: int

    def url(self, public_url: str) -> str:
        """Its whole address, for mails."""
        return f"{public_url}{self.path}"


@immutable
class Brand:
    """How a program presents itself to its partners.

    Attributes:
        name: its display name; the program's name if none was set.
        color: `#0a7f5a`, or None. Text on it needs `colors.on`, and text in it `colors.readable`.
        support_email: where partners write to, or None.
        logo: None if it has none.
        stylesheet: the path of the styles with its colour; None without a colour.
        portal_text: what partners read above their figures: plain text with placeholders.
        application_text: what people read above the application: plain text with placeholders.
    """

    name: str
    color: str | None = None
    support_email: str | None = None
    logo: Logo | None = None
    stylesheet: str | None = None
    portal_text: str | None = None
    application_text: str | None = None


def load(session: Session, program_id: UUID) -> Brand:
    """The brand of a program; the program must be visible to the session."""
    chosen: Select[*tuple[Any, ...]] = (
        select(Program.name, ProgramBrand, ProgramLogo.media_type, ProgramLogo.width, ProgramLogo.height)
        .outerjoin(ProgramBrand, ProgramBrand.program_id == Program.id)
        .outerjoin(ProgramLogo, ProgramLogo.program_id == Program.id)
        .where(Program.id == program_id)
    )
    name, row, media_type, width, height = session.execute(chosen).one()
    if row is None:
        return Brand(name)
    path = f"/brand/{ids.encode(ids.PROGRAM, program_id)}/{row.version}"
    return Brand(
        name=row.name or name,
        color=row.color,
        support_email=row.support_email,
        logo=None if media_type is None else Logo(f"{path}.{EXTENSIONS[media_type]}", width, height),
        stylesheet=None if row.color is None else f"{path}.css",
        portal_text=row.portal_text,
        application_text=row.application_text,
    )
