"""Finding and listing customer sign-ups."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.paging import Page, load_page, owned_by
from app.signups.models import SignUp


def list_signups(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool,
    customer_id: str | None,
    limit: int,
    starting_after: str | None = None,
) -> Page[SignUp]:
    """A page of sign-ups of one mode, newest first; of one user if `customer_id` is given. Raises InvalidRequest."""
    matching = select(SignUp).where(owned_by(SignUp.organization_id, organization_ids), SignUp.livemode == livemode)
    if customer_id is not None:
        matching = matching.where(SignUp.customer_id == customer_id)
    return load_page(session, matching, SignUp.id, ids.SIGN_UP, limit=limit, starting_after=starting_after)


def get_signup(session: Session, organization_ids: Sequence[UUID], public_id: str) -> SignUp:
    """The sign-up with this `sgn_…` id of one of these organizations. Raises NotFound."""
    signup = session.get(SignUp, ids.decode(public_id, ids.SIGN_UP) or UUID(int=0))
    if signup is None or signup.organization_id not in organization_ids:
        raise NotFound.of("signup", public_id)
    return signup


def find_of_stripe_customer(session: Session, organization_ids: Sequence[UUID], customer: str) -> SignUp | None:
    """The earliest sign-up that was stated with this Stripe customer, `cus_…`; None if there is none."""
    if not customer:
        return None
    stated = select(SignUp).where(
        owned_by(SignUp.organization_id, organization_ids), SignUp.stripe_customer_id == customer
    )
    return session.scalars(stated.order_by(SignUp.occurred_at, SignUp.id).limit(1)).first()
