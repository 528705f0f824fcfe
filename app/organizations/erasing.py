"""Erases a person from stored responses, and the account of an affiliate that takes part nowhere else."""

import json
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.tombstones.subjects import Subject

ERASED_NAME: Final = "erased"
_RESPONSES: Final = text("""
    SELECT organization_id, request, response FROM stored_responses
    WHERE organization_id = ANY(:owners)
      AND (:pattern <> '' AND response ~* :pattern
           OR EXISTS (SELECT FROM unnest(CAST(:partners AS text[])) AS partner WHERE strpos(response, partner) > 0))
""")
_STORE: Final = text("""
    UPDATE stored_responses SET response = :response WHERE organization_id = :organization_id AND request = :request
""")
_ORGANIZATIONS: Final = text("""
    UPDATE organizations SET name = :name, email = NULL WHERE id = ANY(:ids) AND kind = 'affiliate'
""")
_KEYS: Final = text("""
    UPDATE api_keys SET name = :name, revoked_at = coalesce(revoked_at, now()) WHERE organization_id = ANY(:ids)
""")


def erase(session: Session, subject: Subject, affiliates: Collection[UUID]) -> Mapping[str, int]:
    """Remove what names the person from stored responses; empty these affiliates' accounts and revoke their keys.

    Returns:
        How many accounts of affiliates were emptied.
    """
    owners = [subject.organization_id, *affiliates]
    values = {"owners": owners, "pattern": subject.text_pattern, "partners": subject.partners}
    for row in session.execute(_RESPONSES, values).all():
        response = json.dumps(subject.without(json.loads(row.response)))
        found = {"organization_id": row.organization_id, "request": row.request}
        session.execute(_STORE, {**found, "response": response})
    of_affiliates = {"ids": list(affiliates), "name": ERASED_NAME}
    session.execute(_ORGANIZATIONS, of_affiliates)
    session.execute(_KEYS, of_affiliates)
    return {"affiliates": len(affiliates)}
