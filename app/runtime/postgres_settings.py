"""Settings of the embedded Postgres; docs/operations/postgres-settings.md has the figures behind them."""

import os
from pathlib import Path
from typing import Final

MB: Final = 1024 * 1024
LEAST_BUFFERS: Final = 128 * MB
MOST_BUFFERS: Final = 2048 * MB
CONTAINER_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


def server_settings(memory_bytes: int) -> dict[str, str]:
    """The settings for a machine with so much memory: a quarter for shared buffers, between 128 MB and 2 GB."""
    buffers = min(max(memory_bytes // 4, LEAST_BUFFERS), MOST_BUFFERS)
    return {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{buffers // MB}MB",
        "effective_cache_size": f"{max(memory_bytes // 2, buffers) // MB}MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "pglz",
        "random_page_cost": "1.1",
        "log_line_prefix": "%m [%p] ",
    }


def memory_bytes() -> int:
    """The memory of this machine, or of the container if that is limited to less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = CONTAINER_LIMIT.read_text().strip() if CONTAINER_LIMIT.exists() else ""
    return min(machine, int(limit)) if limit.isdigit() else machine
