"""Database logins: sets their passwords, and warns of a login with more rights than its process needs."""

from collections.abc import Mapping
from typing import Final

import structlog
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import db

log = structlog.get_logger(__name__)

_RIGHTS: Final = text("""
    SELECT session_user AS login,
           login.rolsuper OR login.rolcreaterole OR login.rolbypassrls
               OR coalesce(pg_has_role(session_user, journal.relowner, 'MEMBER'), false) AS owns,
           pg_has_role(session_user, :worker, 'MEMBER') AS sees_all
    FROM pg_roles AS login LEFT JOIN pg_class AS journal ON journal.oid = to_regclass('public.journal_entries')
    WHERE login.rolname = session_user
""")


def set_passwords(owner_url: str, passwords: Mapping[str, str]) -> None:
    """Allow these database roles to log in with these passwords.

    The server receives only SCRAM verifiers, so that no password can appear in its log.

    Args:
        owner_url: the database address with the login of the schema's owner, which created the roles.
        passwords: by role, such as `accrual_web`.
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


def warn_of_excess_rights(url: str, *, for_web: bool) -> None:
    """Log a warning if the login of `url` has more rights than its process needs; nothing if it cannot connect.

    The process works with such a login, but an injected statement could get its rights by `SET ROLE NONE`.

    Args:
        url: the database address with the process's login.
        for_web: whether the process serves requests, which do not need to see all rows.
    """
    engine = db.create(url, role=None, pool_size=1)
    try:
        with engine.connect() as connection:
            rights = connection.execute(_RIGHTS, {"worker": db.WORKER_ROLE}).one()
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()
    if rights.owns or (for_web and rights.sees_all):
        sufficient = db.WEB_LOGIN if for_web else db.WORKER_LOGIN
        see = "docs/operations/postgres.md"
        log.warning("database_login_too_powerful", login=rights.login, better=sufficient, see=see)
