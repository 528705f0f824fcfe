"""Statistics of an organization's own enrollments."""

from sqlalchemy.orm import Session

from app import db
from app.ledger.sums import Sums
from app.organizations.permissions import Caller
from app.partners.figures import statistics
from app.partners.models import Partner
from app.partners.partner_side import enrollments


def load_own(session: Session, caller: Caller) -> list[tuple[Partner, Sums]]:
    """The sums of the caller's enrollments, newest first, by currency. Raises Forbidden as `require_access`.

    Effects: narrows the session to the owners of the programs, whose rows the sums are. The partners are selected
    before that, from the caller's own enrollments.
    """
    enrolled = enrollments.load_enrollments(session, caller)
    owners = [program.organization_id for _, program in enrolled]
    db.narrow_to_organizations(session, owners, livemode=caller.livemode)
    earned = statistics.load_for_enrollments(session, enrolled, livemode=caller.livemode)
    return [(partner, sums) for partner, _ in enrolled for sums in earned[partner.id]]
