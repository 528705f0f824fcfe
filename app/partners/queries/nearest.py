"""The existing code most similar to an unknown one, because most unknown codes are typing errors."""

import difflib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.partners.models import PartnerCode

MIN_SIMILARITY: Final = 0.7
"""The ratio of `difflib`: 0 is nothing in common, 1 is equal."""
MAX_LENGTH_DIFFERENCE: Final = 3
MAX_COMPARED: Final = 20_000


def nearest_code(session: Session, organization_ids: Sequence[UUID], code: str) -> str | None:
    """The code of these organizations that is most similar to `code`; None if none is similar enough.

    Example: `jnae` gives `jane`.
    """
    length = func.length(PartnerCode.code)
    candidates = select(PartnerCode.code).where(
        PartnerCode.organization_id.in_(organization_ids),
        length.between(len(code) - MAX_LENGTH_DIFFERENCE, len(code) + MAX_LENGTH_DIFFERENCE),
    )
    codes = session.scalars(candidates.order_by(PartnerCode.created_at.desc()).limit(MAX_COMPARED)).all()
    return next(iter(difflib.get_close_matches(code, codes, n=1, cutoff=MIN_SIMILARITY)), None)
