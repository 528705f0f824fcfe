"""Views of applications and acceptances, for the owner and for the partner itself, in snake_case."""

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.partners.joining.applications.models import AgreementAcceptance, Application
from app.partners.models import Partner
from app.programs.applying.fields import Answer
from app.programs.applying.queries import newest_agreement
from app.programs.applying.views import AgreementBody, agreement_body
from app.views import Instant, Snake


class AcceptanceBody(Snake):
    """A version of the partner agreement that was accepted."""

    version: int
    accepted_at: Instant


class ApplicationBody(Snake):
    """What a partner answered when it applied, and which versions of the agreement it accepted."""

    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    answers: list[Answer] = Field(description="With the questions as they were; empty after an erasure.")
    acceptances: list[AcceptanceBody] = Field(description="Newest first.")
    agreement_version: int | None = Field(description="The version in force; null: the program has no agreement.")
    is_accepted: bool = Field(description="Whether the version in force is accepted; true without an agreement.")
    rejection_reason: str | None = Field(
        description="Why the application was rejected, in the owner's words; null unless it is rejected with a reason."
    )


class OwnAgreement(Snake):
    """The partner agreement of a program, and what you accepted."""

    program_id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    agreement: AgreementBody | None = Field(description="The version in force; null: the program has none.")
    acceptances: list[AcceptanceBody] = Field(description="Newest first.")
    is_accepted: bool = Field(description="Whether the version in force is accepted; true without an agreement.")


def load_application(session: Session, partner: Partner) -> ApplicationBody:
    """A partner's application, for its owner."""
    answers = session.scalar(select(Application.answers).where(Application.partner_id == partner.id))
    accepted, agreement = _acceptances(session, partner), newest_agreement(session, partner.program_id)
    version = None if agreement is None else agreement.version
    return ApplicationBody(
        partner_id=ids.encode(ids.PARTNER, partner.id),
        answers=[Answer.model_validate(one) for one in answers or ()],
        acceptances=accepted,
        agreement_version=version,
        is_accepted=_is_accepted(version, accepted),
        rejection_reason=partner.rejection_reason,
    )


def load_own(session: Session, partner: Partner) -> OwnAgreement:
    """The agreement of a partner's program, for the partner."""
    accepted, agreement = _acceptances(session, partner), newest_agreement(session, partner.program_id)
    return OwnAgreement(
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        agreement=agreement and agreement_body(agreement),
        acceptances=accepted,
        is_accepted=_is_accepted(None if agreement is None else agreement.version, accepted),
    )


def _acceptances(session: Session, partner: Partner) -> list[AcceptanceBody]:
    mine = select(AgreementAcceptance).where(AgreementAcceptance.partner_id == partner.id)
    rows = session.scalars(mine.order_by(AgreementAcceptance.version.desc()))
    return [AcceptanceBody(version=row.version, accepted_at=row.accepted_at) for row in rows]


def _is_accepted(version: int | None, accepted: Sequence[AcceptanceBody]) -> bool:
    return version is None or version in {one.version for one in accepted}
