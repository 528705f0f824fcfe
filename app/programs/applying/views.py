"""Views of application forms and partner agreements, in snake_case."""

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.programs.applying.fields import FormField
from app.programs.applying.models import Agreement
from app.programs.applying.queries import load_agreements, load_fields
from app.programs.models import Program
from app.views import Instant, Snake


class ApplicationFormBody(Snake):
    """What people are asked when they apply, besides name and address."""

    program_id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    fields: list[FormField]


class AgreementBody(Snake):
    """A version of a program's partner agreement."""

    version: int
    text: str = Field(description="Plain text.", examples=["Do not advertise on our name."])
    created_at: Instant


class AgreementVersions(Snake):
    """Every version of a program's partner agreement."""

    versions: list[AgreementBody] = Field(description="Newest first; the first one is in force.")


def load_form(session: Session, program: Program) -> ApplicationFormBody:
    """The form of a program."""
    return ApplicationFormBody(program_id=ids.encode(ids.PROGRAM, program.id), fields=load_fields(session, program.id))


def load_versions(session: Session, program: Program) -> AgreementVersions:
    """Every version of a program's agreement."""
    return AgreementVersions(versions=[agreement_body(one) for one in load_agreements(session, program.id)])


def agreement_body(agreement: Agreement) -> AgreementBody:
    """A version of an agreement."""
    return AgreementBody(version=agreement.version, text=agreement.text, created_at=agreement.created_at)
