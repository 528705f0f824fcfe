"""Customer sign-ups and the Stripe objects that belong to them, as plain values."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attribution.signups import references
from app.bulk import among
from app.immutable import immutable
from app.signups.models import BY_BROWSER, SignUp


@immutable
class Stated:
    """A stored customer sign-up."""

    id: UUID
    organization_id: UUID
    program_id: UUID
    livemode: bool
    customer_id: str
    source: str
    partner_id: UUID | None
    session_id: str
    email_mark: str
    stripe_customer_id: str
    occurred_at: datetime
    cause: str

    @property
    def is_claim(self) -> bool:
        """Whether a browser stated it, whose key is public."""
        return self.source == BY_BROWSER

    @property
    def references(self) -> tuple[str, str]:
        """The references by which evidence may name it."""
        return references.to_user(self.customer_id), references.to_sign_up(self.id)


_FIELDS = tuple(Stated.__annotations__)


def stated_of(signup: SignUp) -> Stated:
    """The values of a row."""
    return Stated(**{name: getattr(signup, name) for name in _FIELDS})


def load_stated(session: Session, signup_ids: Iterable[UUID]) -> dict[UUID, Stated]:
    """The sign-ups with these ids, by id."""
    columns = [getattr(SignUp, name) for name in _FIELDS]
    rows = session.execute(select(*columns).where(among(SignUp.id, signup_ids)))
    return {row.id: Stated(*row) for row in rows}


@immutable
class Recognized:
    """A Stripe object, or a report, that belongs to a customer sign-up.

    Attributes:
        distance: the way it was recognized; the nearest of several counts.
        field_path: where the id is, `data.object.metadata.user_id`; or the field of the sign-up.
        stripe_event_id: the event with that field, or the cause of the sign-up.
    """

    object_id: str
    signup_id: UUID
    distance: int
    field_path: str
    stripe_event_id: str
