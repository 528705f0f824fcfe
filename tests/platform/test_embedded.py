"""Postgres and Valkey from wheels: they come back at the same address, whatever ended them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from app.errors import Unavailable
from app.runtime import embedded, postgres_settings


@pytest.fixture
def directory() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="accrual-embedded-"))
    yield made
    shutil.rmtree(made)


def connect(server: embedded.Server) -> psycopg.Connection:
    return psycopg.connect(server.url.replace("postgresql+psycopg", "postgresql"), autocommit=True)


def test_postgres_comes_back_at_its_address_with_its_rows_after_a_stop_and_after_a_crash(directory: Path) -> None:
    first = embedded.start_postgres(directory)
    with connect(first) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('before')")
    first.stop()
    second = embedded.start_postgres(directory)
    with connect(second) as connection:
        connection.execute("INSERT INTO kept VALUES ('between')")
    second.crash()
    third = embedded.start_postgres(directory)
    try:
        with connect(third) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("before",), ("between",)]
        assert first.url == second.url == third.url == embedded.owner_url(directory)
    finally:
        third.stop()


def test_a_lock_file_that_names_some_other_process_does_not_keep_postgres_from_starting(directory: Path) -> None:
    embedded.start_postgres(directory).crash()
    lock = directory / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    embedded.start_postgres(directory).stop()


def test_valkey_comes_back_at_its_address_empty(directory: Path) -> None:
    first = embedded.start_valkey(directory)
    with redis.Redis.from_url(first.url) as client:
        client.set("flag", "1")
    first.crash()
    second = embedded.start_valkey(directory)
    try:
        with redis.Redis.from_url(second.url) as client:
            assert client.get("flag") is None
        assert first.url == second.url == embedded.valkey_url(directory)
    finally:
        second.stop()


def test_a_second_valkey_for_one_directory_is_refused(directory: Path) -> None:
    server = embedded.start_valkey(directory)
    try:
        with pytest.raises(Unavailable, match="already answers"):
            embedded.start_valkey(directory)
    finally:
        server.stop()


def test_servers_listen_on_private_sockets_only(directory: Path) -> None:
    postgres, valkey = embedded.start_postgres(directory), embedded.start_valkey(directory)
    try:
        for room in (directory / "postgres", directory / "valkey"):
            assert room.stat().st_mode & 0o077 == 0
        with connect(postgres) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with redis.Redis.from_url(valkey.url) as client:
            assert client.config_get("port") == {b"port": b"0"} or client.config_get("port") == {"port": "0"}
    finally:
        valkey.stop()
        postgres.stop()


def test_a_directory_with_a_long_path_has_a_short_address(directory: Path) -> None:
    deep = directory / ("d" * 60) / ("e" * 60)
    server = embedded.start_valkey(deep)
    try:
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    finally:
        server.stop()
        shutil.rmtree(Path(server.url.removeprefix("unix://").partition("?")[0]).parent)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_servers_end_with_the_process_that_started_them_even_when_it_is_killed(directory: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from app.runtime import embedded\n"
        "servers = [start(Path(sys.argv[1])) for start in (embedded.start_postgres, embedded.start_valkey)]\n"
        "print(*(server.pid for server in servers), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    # Both can only be started again once the first ones are gone.
    for pid, start in zip(pids, (embedded.start_postgres, embedded.start_valkey), strict=True):
        wait_for_end_of(pid)
        start(directory).stop()


def wait_for_end_of(pid: int) -> None:
    """Block until the process is gone, or a zombie."""
    state = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 30
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, f"process {pid} outlived its parent"
        time.sleep(0.01)


@pytest.mark.parametrize(("memory_gb", "buffers"), [(0.25, "128MB"), (2, "512MB"), (8, "2048MB"), (64, "2048MB")])
def test_postgres_takes_a_quarter_of_the_memory_up_to_two_gigabytes(memory_gb: float, buffers: str) -> None:
    settings = postgres_settings.server_settings(int(memory_gb * 1024**3))
    assert settings["shared_buffers"] == buffers
