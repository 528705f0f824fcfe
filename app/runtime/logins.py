"""Logins of the database: they are let in with a password, and one that may do more than it needs is reported."""

from collections.abc import Mapping
from typing import Final

import structlog
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import db

log = structlog.get_logger(__name__)

_POWERS: Final = text("""
    SELECT session_user AS login,
           login.rolsuper OR login.rolcreaterole OR login.rolbypassrls
               OR coalesce(pg_has_role(session_user, journal.relowner, 'MEMBER'), false) AS owns,
           pg_has_role(session_user, :worker, 'MEMBER') AS sees_all
    FROM pg_roles AS login LEFT JOIN pg_class AS journal ON journal.oid = to_regclass('public.journal_entries')
    WHERE login.rolname = session_user
""")


def set_passwords(owner_url: str, passwords: Mapping[str, str]) -> None:
    """Let each of these logins in, with its password from now on.

    The server gets verifiers only, so no password can stand in its log.

    Args:
        owner_url: the address of a login that may change them: who made them, by migrating.
        passwords: by login, such as `accrual_web`.
    """
    owner = db.create(owner_url, role=None, pool_size=1)
    with owner.begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for login, password in passwords.items():
            verifier = driver.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
            statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(login), sql.Literal(verifier))
            connection.exec_driver_sql(statement.as_string(driver))
    owner.dispose()


def warn_of_excess(url: str, *, for_web: bool) -> None:
    """Log a warning if this login may do more than its process needs. Nothing is said while the database is away.

    A process works all the same. But what `SET ROLE NONE` leads back to inside an injected statement is its login.

    Args:
        url: how the process logs in.
        for_web: it serves requests, and so need not see all rows.
    """
    engine = db.create(url, role=None, pool_size=1)
    try:
        with engine.connect() as connection:
            found = connection.execute(_POWERS, {"worker": db.WORKER_ROLE}).one()
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()
    if found.owns or (for_web and found.sees_all):
        wanted = db.WEB_LOGIN if for_web else db.WORKER_LOGIN
        log.warning("database_login_too_powerful", login=found.login, better=wanted, see="docs/operations/postgres.md")
