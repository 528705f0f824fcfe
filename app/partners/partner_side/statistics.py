"""What an organization earned in all its enrollments."""

from sqlalchemy.orm import Session

from app import db
from app.ledger.sums import Sums
from app.organizations.permissions import Caller
from app.partners.figures import statistics
from app.partners.models import Partner
from app.partners.partner_side import enrollments


def load_own(session: Session, caller: Caller) -> list[tuple[Partner, Sums]]:
    """The sums of the caller's enrollments, newest first, currency by currency.

    Effects: narrows the session to the owners of its programs, since sums are their rows. Which partners are asked for
    is settled before, among the caller's own. Raises Forbidden as `enrollments.require_access`.
    """
    enrolled = enrollments.load_enrollments(session, caller)
    db.narrow_to_organizations(session, [program.organization_id for _, program in enrolled])
    earned = statistics.load_for_enrollments(session, enrolled)
    return [(partner, one) for partner, _ in enrolled for one in earned[partner.id]]
