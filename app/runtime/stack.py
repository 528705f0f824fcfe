"""Runs all processes of Accrual on one machine: database, queue, web, workers, clock."""

import fcntl
import os
import secrets
import socket
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import Final

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from app import config, db, directories, logs, sealing, settings_files
from app.errors import ConfigurationError, Unavailable
from app.immutable import immutable
from app.runtime import embedded, http_client, logins, schema, supervisor
from app.runtime.processes import start
from app.runtime.supervisor import Child

HOST: Final = "127.0.0.1"
READY_SECONDS: Final = 60


@immutable
class Stack:
    """A running Accrual: its addresses, its settings and its processes. Without an MCP server `mcp_url` is None.

    Attributes:
        children: the processes that run.
        later: those that the caller starts by `launch_later`.
    """

    url: str
    mcp_url: str | None
    settings: config.Settings
    children: tuple[Child, ...]
    later: tuple[Child, ...] = ()

    def wait_until_ready(self) -> None:
        """Return once `/readyz` is OK and the MCP server answers.

        Raises:
            Unavailable: they do not within `READY_SECONDS`.
        """
        deadline = time.monotonic() + READY_SECONDS
        supervisor.supervise(self.children, until=lambda: self.is_ready() or time.monotonic() > deadline)
        if not self.is_ready():
            raise Unavailable(f"the server at {self.url} did not become ready within {READY_SECONDS} seconds")

    def launch_later(self) -> tuple[Child, ...]:
        """Start the processes that were left out; returns all of them."""
        for child in self.later:
            child.launch()
        return (*self.children, *self.later)

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200, and the MCP server, if there is one, anything."""
        try:
            if self.mcp_url is not None:
                http_client.call("GET", self.mcp_url)
            return http_client.call("GET", f"{self.url}/readyz")[0] == 200
        except Unavailable:
            return False


@contextmanager
def serve(
    data_dir: Path | None,
    port: int,
    *,
    log: Path | None = None,
    with_mcp: bool = False,
    later: Collection[str] = (),
) -> Iterator[Stack]:
    """Run all processes for the length of the block; they are stopped when it ends, also after an exception.

    Args:
        data_dir: the data directory; created if it is missing.
        port: the web server's port, on loopback.
        log: file for the output of the processes; None: the output of this process.
        with_mcp: whether to run the MCP server too, on the port above `port`.
        later: names of processes that are not started yet.

    Raises:
        ConfigurationError: the port is in use, the directory is in use, or a setting is wrong.
        Unavailable: a server did not start.
    """
    data_dir = config.find_data_dir(data_dir)
    directories.make_data_directory(data_dir)
    with _exclusive_use(data_dir):
        mcp_port = port + 1 if with_mcp else None
        for used in filter(None, (port, mcp_port)):
            _refuse_used_port(used)
        settings = _prepare(data_dir, port)
        logs.configure(settings.log_format, level=settings.log_level)
        web_login = _web_login(settings)
        servers = _embedded_servers(settings)
        processes = _accrual_processes(settings, port, mcp_port, log, web_login)
        try:
            for server in servers:
                server.launch()
            sealing.connect(settings)  # a migration may seal what was stored in plain text
            schema.migrate(config.migrate_url(settings))
            if embedded.is_embedded(settings.database_url, data_dir):
                _set_passwords(settings, web_login)
            started = [process for process in processes if process.name not in later]
            for process in started:
                process.launch()
            mcp_url = f"http://{HOST}:{mcp_port}/mcp" if mcp_port else None
            waiting = tuple(process for process in processes if process.name in later)
            yield Stack(f"http://{HOST}:{port}", mcp_url, settings, (*servers, *started), waiting)
        finally:
            supervisor.stop(processes)
            supervisor.stop(servers)


def free_port() -> int:
    """A port that is not in use now."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _exclusive_use(data_dir: Path) -> Iterator[None]:
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Accrual is already running on {data_dir}; stop it, or choose another directory with --data-dir"
            raise ConfigurationError(message) from None
        yield


def _refuse_used_port(port: int) -> None:
    try:
        with socket.create_server((HOST, port)):
            pass
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # `error.strerror` repeats the address as a Python tuple
        raise ConfigurationError(f"port {port} cannot be used ({reason}); choose another with --port") from None


def _prepare(data_dir: Path, port: int) -> config.Settings:
    """The settings to run with; those that are not configured (key, addresses, test mode) are stored in `data_dir`."""
    before = settings_files.read(data_dir)
    settings = {"ACCRUAL_PUBLIC_URL": f"http://{HOST}:{port}"}
    if not config.is_given("ACCRUAL_SECRET_KEY"):
        settings["ACCRUAL_SECRET_KEY"] = before.get("ACCRUAL_SECRET_KEY") or Fernet.generate_key().decode()
    if not config.is_given("REDIS_URL"):
        settings["REDIS_URL"] = embedded.valkey_url(data_dir)
    if not config.is_given("DATABASE_URL"):
        password = _password_of(before.get("DATABASE_URL")) or _new_password()
        settings["DATABASE_URL"] = embedded.postgres_url(data_dir, db.WORKER_LOGIN, password)
        settings["ACCRUAL_STRIPE_LIVEMODE"] = before.get("ACCRUAL_STRIPE_LIVEMODE") or "false"
    settings_files.store(data_dir, settings)
    return config.load(data_dir)


def _embedded_servers(settings: config.Settings) -> list[Child]:
    """The embedded database and queue, each only if the settings have its address."""
    directory, servers = settings.data_dir, []
    if embedded.is_embedded(settings.database_url, directory):
        servers.append(Child("postgres", lambda: embedded.start_postgres(directory).process, SIGINT))
    if settings.redis_url == embedded.valkey_url(directory):
        servers.append(Child("valkey", lambda: embedded.start_valkey(directory).process))
    return servers


def _web_login(settings: config.Settings) -> str:
    """The database address of the web server; its password for the embedded Postgres is new at each start."""
    if embedded.is_embedded(settings.database_url, settings.data_dir):
        return embedded.postgres_url(settings.data_dir, db.WEB_LOGIN, _new_password())
    return settings.web_database_url or settings.database_url


def _set_passwords(settings: config.Settings, web_login: str) -> None:
    """Set the passwords of the embedded Postgres's logins to those of the processes' addresses."""
    passwords = {db.WEB_LOGIN: _password_of(web_login), db.WORKER_LOGIN: _password_of(settings.database_url)}
    logins.set_passwords(embedded.owner_url(settings.data_dir), passwords)


def _password_of(url: str | None) -> str:
    return (make_url(url).password or "") if url else ""


def _new_password() -> str:
    return secrets.token_urlsafe(embedded.PASSWORD_BYTES)


def _accrual_processes(
    settings: config.Settings, port: int, mcp_port: int | None, log: Path | None, web_login: str
) -> list[Child]:
    python = [sys.executable, "-m"]
    web = [*python, "gunicorn", "--config", "python:app.gunicorn_settings", "--bind", f"{HOST}:{port}"]
    commands = {"web": [*web, "app.web:create_app()"]}
    if mcp_port is not None:
        commands["mcp"] = [*python, "app.cli.main", "mcp", "--http", "--host", HOST, "--port", str(mcp_port)]
    commands |= {f"worker-{number}": [*python, "worker"] for number in range(1, settings.workers + 1)}
    commands["stripe"] = [*python, "worker", "stripe"]
    commands["outbound"] = [*python, "worker", "outbound"]
    commands["archives"] = [*python, "worker", "archives"]
    commands["clock"] = [*python, "worker.schedule"]
    environment = config.child_environment(settings.data_dir)
    # What serves requests gets only the web server's database login.
    serving = environment | {"DATABASE_URL": web_login, "ACCRUAL_WEB_DATABASE_URL": web_login}
    environments = {"web": serving, "mcp": serving}
    return [
        Child(name, partial(start, command, log=log, env=environments.get(name, environment)))
        for name, command in commands.items()
    ]
