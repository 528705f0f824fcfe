"""Codes of many partners at once."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.partners.models import Partner


def load_codes(session: Session, public_ids: Collection[str]) -> dict[str, str]:
    """The present codes of these partners, by `par_…` id. Partners that `session` does not see are left out."""
    keys = [ids.decode(public_id, ids.PARTNER) for public_id in public_ids]
    found = session.execute(select(Partner.id, Partner.slug).where(among(Partner.id, keys)))
    return {ids.encode(ids.PARTNER, partner_id): code for partner_id, code in found}
