"""The view of a program's brand that its owner sees, in snake_case."""

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.branding import brand, colors, stylesheet, texts
from app.branding.models import ProgramBrand
from app.programs.models import Program
from app.views import Instant, Snake


class LogoBody(Snake):
    """A logo, as it is shown on pages and in mails."""

    url: str = Field(
        description="Public. It changes with every change of the brand; former addresses lead to the present logo.",
        examples=["https://partners.example.com/brand/prog_01h455vb4pex5vsknk084sn02q/3.png"],
    )
    width: int = Field(description="Pixels; it is shown at a half of that.")
    height: int


class BrandingBody(Snake):
    """How a program looks to its partners. Null: not set."""

    program_id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    name: str | None = Field(description="The name that partners see; null: the program's name.")
    color: str | None = Field(description="The colour of buttons.", examples=["#0a7f5a"])
    button_text_color: str | None = Field(description="Black or white, which can be read on the colour.")
    link_color: str | None = Field(description="The nearest colour that can be read on light backgrounds.")
    link_color_dark: str | None = Field(description="The nearest colour that can be read on dark backgrounds.")
    support_email: str | None = Field(description="Where partners write to.", examples=["partners@example.com"])
    portal_text: str | None = Field(description="What partners read above their figures.")
    application_text: str | None = Field(description="What people read above the application.")
    logo: LogoBody | None
    placeholders: dict[str, Sequence[str]] = Field(
        description="The placeholders that each text may have.",
        examples=[{"portal_text": ["{partner}", "{program}"]}],
    )
    updated_at: Instant | None


def load_body(session: Session, program: Program, public_url: str) -> BrandingBody:
    """What is set of the program's brand."""
    row, shown = session.get(ProgramBrand, program.id), brand.load(session, program.id)
    logo = shown.logo and LogoBody(url=shown.logo.url(public_url), width=shown.logo.width, height=shown.logo.height)
    return BrandingBody(
        program_id=ids.encode(ids.PROGRAM, program.id),
        name=row and row.name,
        color=shown.color,
        button_text_color=shown.color and colors.on(shown.color),
        link_color=shown.color and colors.readable(shown.color, stylesheet.LIGHT),
        link_color_dark=shown.color and colors.readable(shown.color, stylesheet.DARK),
        support_email=shown.support_email,
        portal_text=shown.portal_text,
        application_text=shown.application_text,
        logo=logo,
        placeholders={text: [f"{{{name}}}" for name in names] for text, names in texts.PLACEHOLDERS.items()},
        updated_at=row and row.updated_at,
    )
