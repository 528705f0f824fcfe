"""Accounts: who changed what."""

from flask import Response, g

from app.api.surfaces import answer, needs, surface
from app.organizations import access, audit, audit_shapes

api = surface("Accounts", __name__, "Who holds an account, and who changed what.")


@api.get("/api/v1/audit", security=needs("audit:read"), responses={"200": audit_shapes.AuditPage})
def list_audit_entries(query: audit_shapes.AuditQuery) -> Response:
    """What people and keys changed, newest first."""
    wanted = audit.Wanted(query.action, query.subject_id, query.actor, query.since, query.until)
    with access.transaction(g.caller) as session:
        entries = audit.list_entries(
            session, g.caller.organization_ids, wanted, limit=query.limit, starting_after=query.starting_after
        )
        return answer(audit_shapes.AuditPage(data=[audit_shapes.audit_body(entry) for entry in entries]))
