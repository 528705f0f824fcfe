"""docs/operations/backup.md as commands: what it says to type makes a backup and restores it."""

import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from app import db
from app.integrity import verify
from app.runtime import embedded, processes, schema_version
from tests import cast
from tests.conftest import Deliver, Drain, Servers
from tests.faults.stories import customers, events_of
from tests.waiting import PATIENCE_SECONDS

from .pages import ROOT, read

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OLDER = sorted(Path("/usr/lib/postgresql").glob("1[567]/bin"))
TABLES = ("stripe_events", "payments", "journal_entries", "postings", "commissions")


@pytest.fixture
def settled(deliver: Deliver, drain: Drain, merchant: cast.Merchant) -> None:
    """A database with something in it."""
    with db.transaction() as session:
        cast.enroll(session, merchant, "ada")
    deliver(events_of(customers(2)))
    drain()


@pytest.fixture
def older_server() -> Iterator[str]:
    """The address of a superuser at a Postgres of the machine's own, older than the embedded one."""
    if not OLDER:
        pytest.skip("no older Postgres on this machine (Debian: postgresql-15)")
    with tempfile.TemporaryDirectory(prefix="accrual-older-") as directory:
        yield from serve(OLDER[0], Path(directory))


def serve(programs: Path, directory: Path) -> Iterator[str]:
    files, log = directory / "older", directory / "older.log"
    embedded._make_for_postgres(files)
    user = embedded._unprivileged()
    initialize = [str(programs / "initdb"), "--pgdata", str(files), "--username", "postgres", "--auth", "trust"]
    assert processes.start(initialize, log=log, **user).wait(PATIENCE_SECONDS) == 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [str(programs / "postgres"), "-D", str(files), "-c", "listen_addresses=127.0.0.1", "-c", f"port={port}"]
    server = processes.start([*command, "-c", "unix_socket_directories="], log=log, **user)
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    assert processes.await_answer(server, lambda: answers(url), seconds=60)
    yield url
    processes.stop(server, seconds=20)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.usefixtures("settled")
def test_a_backup_is_restored_into_a_database_of_another_owner(
    servers: Servers, database_url: str, tmp_path: Path
) -> None:
    servers.administer("CREATE DATABASE {} TEMPLATE template0", "restored")
    to = plain(servers.database_url("restored"))
    try:
        back_up_and_restore(plain(database_url), to, tmp_path)
        assert_same(database_url, to)
    finally:
        servers.administer("DROP DATABASE {} WITH (FORCE)", "restored")


@pytest.mark.usefixtures("settled")
def test_a_backup_of_the_embedded_server_is_restored_into_an_older_one(
    older_server: str, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(older_server, autocommit=True) as administrator:
        administrator.execute("CREATE ROLE shop LOGIN CREATEROLE")
        administrator.execute("CREATE DATABASE accrual OWNER shop TEMPLATE template0 ENCODING 'UTF8'")
    to = older_server.replace("postgres@", "shop@").replace("/postgres", "/accrual")
    back_up_and_restore(plain(database_url), to, tmp_path)
    assert_same(database_url, to)


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def back_up_and_restore(source: str, target: str, directory: Path) -> None:
    """Run the page's blocks, one after the other, in an empty directory."""
    (directory / ".venv").symlink_to(embedded._postgres_program("x").parents[6])
    script = "".join(BLOCK.findall(read("docs/operations/backup.md")))
    environment = {**os.environ, "FROM": source, "TO": target}
    command = ["bash", "-eu", "-o", "pipefail", "-c", script]
    run = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""


def assert_same(source: str, target: str) -> None:
    """Both hold the same rows, the target is this version's, whole, and workers may work in it."""
    before, after = (db.create(url) for url in (source, target.replace("postgresql:", "postgresql+psycopg:")))
    assert counts(before) == counts(after)
    with after.connect() as connection:
        assert schema_version.is_current(connection)
    db.connect(after.url)
    with db.transaction() as session:
        assert verify.imbalance_minor(session) == 0
    for engine in (before, after):
        engine.dispose()
    db.disconnect()


def counts(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        found = [connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES]
    assert all(found)
    return found


def test_the_page_names_the_embedded_servers_version() -> None:
    version = embedded._postgres_program("postgres").parent.parent.name.removeprefix("pginstall")
    assert f"The embedded Postgres is version {version}." in read("docs/operations/backup.md")
    assert (ROOT / "docs" / "operations").is_dir()
