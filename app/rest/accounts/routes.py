"""Routes for organizations, API keys and the audit trail."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access, audit, hierarchy, keys, views
from app.rest.accounts import requests
from app.rest.accounts.owners import organization_of

api = surface("Accounts", __name__, "Organizations, API keys and the audit trail.")


@api.get(
    "/api/v1/organizations",
    security=needs("organizations:read"),
    responses={"200": views.OrganizationPage, "404": ErrorBody},
)
def list_organizations(query: requests.OrganizationQuery) -> Response:
    """The key's own organization and all below it, newest first."""
    managed = g.caller.organization_ids
    with access.transaction(g.caller) as session:
        page = hierarchy.list_organizations(
            session,
            managed,
            limit=query.limit,
            starting_after=query.starting_after,
            parent_id=organization_of(session, query.parent_id, "parent_id") if query.parent_id is not None else None,
        )
        data = [views.organization_body(row, managed) for row in page.rows]
        return ViewResponse(views.OrganizationPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/organizations",
    security=needs("organizations:write"),
    responses={"201": views.OrganizationBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def create_organization(body: requests.OrganizationCreation) -> Response:
    """Create a merchant below one of your organizations; your keys also manage it from now on."""
    managed = g.caller.organization_ids
    with access.transaction(g.caller) as session:
        parent_id = organization_of(session, body.parent_id, "parent_id")
        made = hierarchy.create_child(session, g.caller, parent_id, name=body.name.strip(), email=body.email)
        return ViewResponse(views.organization_body(made, managed), status=201)


@api.get(
    "/api/v1/organizations/<organization_id>",
    security=needs("organizations:read"),
    responses={"200": views.OrganizationBody, "404": ErrorBody},
)
def show_organization(path: requests.OrganizationPath) -> Response:
    """One organization."""
    managed = g.caller.organization_ids
    with access.transaction(g.caller) as session:
        return ViewResponse(
            views.organization_body(hierarchy.get_organization(session, managed, path.organization_id), managed)
        )


@api.get("/api/v1/api-keys", security=needs("keys:read"), responses={"200": views.KeyPage, "404": ErrorBody})
def list_keys(query: requests.KeyQuery) -> Response:
    """Keys of the key's own organization and of all below it, newest first, revoked ones too."""
    with access.transaction(g.caller) as session:
        owners = g.caller.organization_ids
        if query.organization_id is not None:
            owners = (organization_of(session, query.organization_id, "organization_id"),)
        page = keys.list_keys(session, owners, limit=query.limit, starting_after=query.starting_after)
        return ViewResponse(views.KeyPage(data=[views.key_body(key) for key in page.rows], has_more=page.has_more))


@api.post(
    "/api/v1/api-keys",
    security=needs("keys:write"),
    responses={"201": views.NewKeyBody, "404": ErrorBody, "415": ErrorBody},
)
def create_key(body: requests.KeyCreation) -> Response:
    """Create a key with at most the permissions of the calling key. Its value is shown only in this response."""
    livemode = g.caller.livemode if body.livemode is None else body.livemode
    with access.transaction(g.caller) as session:
        owner_id = organization_of(session, body.organization_id, "organization_id")
        key, plaintext = keys.issue_key(
            session,
            g.caller,
            owner_id,
            name=body.name.strip(),
            level=body.level,
            livemode=livemode,
            scopes=body.scopes,
        )
        return ViewResponse(views.new_key_body(key, plaintext), status=201)


@api.get("/api/v1/api-keys/<key_id>", security=needs("keys:read"), responses={"200": views.KeyBody, "404": ErrorBody})
def show_key(path: requests.KeyPath) -> Response:
    """A key, without its value."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.key_body(keys.get_key(session, g.caller.organization_ids, path.key_id)))


@api.delete(
    "/api/v1/api-keys/<key_id>", security=needs("keys:write"), responses={"200": views.KeyBody, "404": ErrorBody}
)
def revoke_key(path: requests.KeyPath) -> Response:
    """Revoke a key permanently, also the calling key itself. What it created stays."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.key_body(keys.revoke_key(session, g.caller, g.caller.organization_ids, path.key_id)))


@api.get("/api/v1/audit", security=needs("audit:read"), responses={"200": views.AuditPage})
def list_audit_entries(query: requests.AuditQuery) -> Response:
    """The audit trail, newest first."""
    filters = audit.EntryFilter(query.action, query.subject_id, query.actor, query.span)
    with access.transaction(g.caller) as session:
        page = audit.list_entries(
            session, g.caller.organization_ids, filters, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.audit_body(entry) for entry in page.rows]
        return ViewResponse(views.AuditPage(data=data, has_more=page.has_more))
