"""What browsers load of a brand: its logo, and the styles with its colour."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.branding import stylesheet
from app.branding.brand import EXTENSIONS
from app.branding.models import ProgramBrand, ProgramLogo
from app.errors import NotFound
from app.immutable import immutable

STYLES: Final = "css"


@immutable
class BrandFile:
    """A file of a brand in its present version."""

    version: int
    media_type: str
    content: bytes


def load(session: Session, program_id: str, extension: str) -> BrandFile:
    """The styles (`css`) or the logo (`png`, `jpg`) of a program, in the form it has now.

    Raises:
        NotFound: there is no such program, or it has no colour or no logo.
    """
    key = ids.decode(program_id, ids.PROGRAM)
    if key is not None and extension == STYLES:
        return _load_styles(session, key)
    if key is not None and extension in EXTENSIONS.values():
        return load_logo(session, key)
    raise _not_found()


def load_logo(session: Session, program_id: UUID) -> BrandFile:
    """The logo of a program. Raises NotFound if it has none."""
    chosen = (
        select(ProgramBrand.version, ProgramLogo.media_type, ProgramLogo.content)
        .join(ProgramLogo, ProgramLogo.program_id == ProgramBrand.program_id)
        .where(ProgramBrand.program_id == program_id)
    )
    row = session.execute(chosen).one_or_none()
    if row is None:
        raise _not_found()
    return BrandFile(*row)


def _load_styles(session: Session, program_id: UUID) -> BrandFile:
    brand = session.get(ProgramBrand, program_id)
    if brand is None or brand.color is None:
        raise _not_found()
    return BrandFile(brand.version, stylesheet.MEDIA_TYPE, stylesheet.text(brand.color).encode())


def _not_found() -> NotFound:
    return NotFound("the program has no such file, or does not exist; load the page again")
