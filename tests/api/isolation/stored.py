"""What stands in the tables, to see whether a call changed any of it."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db

from .world import World


def tables_of_organizations(session: Session) -> list[str]:
    """Every table whose rows belong to an organization."""
    found = text("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY table_name
    """)
    return list(session.scalars(found))


def rows_by_partner(world: World) -> dict[tuple[str, UUID | None], str]:
    """What stands in every table of organizations, by the partner it is about; None: by no column of a partner."""
    about = text("""
        SELECT DISTINCT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'partner_id'
    """)
    with db.transaction() as session:
        named = {"partners": "id", **dict.fromkeys(session.scalars(about), "partner_id")}
        every = " UNION ALL ".join(
            f"SELECT '{table}', {named.get(table, 'NULL::uuid')} AS partner, "
            f"md5(string_agg((to_jsonb(one) - 'last_used_at')::text, '' ORDER BY to_jsonb(one)::text)) "
            f"FROM {table} AS one GROUP BY 2"
            for table in tables_of_organizations(session)
        )
        return {(table, partner): digest for table, partner, digest in session.execute(text(every))}


def money_fingerprint(session: Session, organization_id: UUID, *, livemode: bool) -> dict[str, str]:
    """What stands in every table of one mode of the organization's money; keys are of a mode and no money."""
    found = text("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'livemode' AND table_name <> 'api_keys' ORDER BY table_name
    """)
    every = " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg(to_jsonb(one)::text, '' ORDER BY to_jsonb(one)::text)) "
        f"FROM {table} AS one WHERE organization_id = :owner AND livemode = :livemode"
        for table in session.scalars(found)
    )
    rows = session.execute(text(every), {"owner": organization_id, "livemode": livemode}).all()
    return {table: digest for table, digest in rows if digest is not None}


def fingerprint(session: Session, organization_id: UUID) -> dict[str, str]:
    """What stands in every table of the organization's; when a key was last used, and fences of readers, aside."""
    tables = dict.fromkeys(tables_of_organizations(session), "organization_id") | {"organizations": "id"}
    del tables["ledger_fences"]
    every = " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg((to_jsonb(one) - 'last_used_at')::text, '' ORDER BY to_jsonb(one)::text)) "
        f"FROM {table} AS one WHERE {owner} = :owner"
        for table, owner in tables.items()
    )
    rows = session.execute(text(every), {"owner": organization_id}).all()
    return {table: digest for table, digest in rows if digest is not None}


def state(world: World) -> dict[str, str]:
    with db.transaction() as session:
        return fingerprint(session, world.shop.organization_id)


def money_state(world: World) -> dict[str, str]:
    with db.transaction() as session:
        return money_fingerprint(session, world.shop.organization_id, livemode=world.livemode)
