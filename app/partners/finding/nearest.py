"""The known code nearest to one that no partner has: most unknown codes are typing errors."""

import difflib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.partners.models import PartnerCode

LEAST_ALIKE: Final = 0.7
"""From 0 (nothing in common) to 1 (the same), as `difflib` measures it."""
LENGTHS_APART: Final = 3
MOST_COMPARED: Final = 20_000


def nearest_code(session: Session, organization_ids: Sequence[UUID], code: str) -> str | None:
    """The code of these organizations that is most like `code`; None if none is alike.

    Example: `jnae` gives `jane`.
    """
    length = func.length(PartnerCode.code)
    alike = select(PartnerCode.code).where(
        PartnerCode.organization_id.in_(organization_ids),
        length.between(len(code) - LENGTHS_APART, len(code) + LENGTHS_APART),
    )
    codes = session.scalars(alike.order_by(PartnerCode.created_at.desc()).limit(MOST_COMPARED)).all()
    return next(iter(difflib.get_close_matches(code, codes, n=1, cutoff=LEAST_ALIKE)), None)
