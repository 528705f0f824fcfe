"""What a check found: a code with values, and how serious it is. `app.sentences.findings` has the sentences. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from app.immutable import immutable

Level = Literal["warning", "failure"]
Value = str | int | datetime | Mapping[str, Any] | tuple[str, ...]
"""A tuple is a list of names; a mapping is a problem with its code, as `app.sentences.problems` renders it."""

LEVELS: Final[Mapping[str, Level]] = {
    "database_unreachable": "failure",
    "database_failed": "failure",
    "database_cannot_write": "failure",
    "schema_behind": "failure",
    "redis_unreachable": "failure",
    "endpoint_missing": "failure",
    "signing_secret_missing": "failure",
    "stored_secret_unreadable": "failure",
    "configured_secret_unused": "failure",
    "default_endpoint_mode": "failure",
    "events_of_other_mode": "failure",
    "no_event_yet": "warning",
    "last_event_old": "warning",
    "api_version_newer": "warning",
    "stripe_not_asked": "failure",
    "stripe_endpoint_unknown": "failure",
    "stripe_endpoint_disabled": "failure",
    "event_types_missing": "failure",
    "payments_name_no_partner": "warning",
    "lookups_given_up": "warning",
    "clock_differs": "failure",
    "events_unprocessed": "failure",
    "events_parked": "warning",
    "process_missing": "failure",
    "payouts_switched_off": "warning",
    "payouts_held": "warning",
    "mail_not_configured": "warning",
    "mail_server_failed": "failure",
    "public_url_not_https": "failure",
    "public_url_local": "failure",
    "public_url_unreachable": "failure",
    "public_url_other_server": "failure",
    "public_url_other_version": "warning",
    "mcp_host_refused": "failure",
    "cookie_domain_foreign": "warning",
    "cookie_host_foreign": "warning",
    "backups_unknown": "warning",
    "backup_missing": "failure",
    "backup_old": "failure",
    "disk_space_low": "failure",
    "check_failed": "failure",
    "check_unfinished": "failure",
}
"""Every code, with its level: `accrual doctor` exits with 1 if there is a failure."""
OF_OPERATOR: Final = frozenset(
    {
        *("database_unreachable", "database_failed", "database_cannot_write", "schema_behind", "redis_unreachable"),
        *("configured_secret_unused", "default_endpoint_mode", "clock_differs", "process_missing"),
        *("mail_not_configured", "mail_server_failed", "mcp_host_refused"),
        *("public_url_not_https", "public_url_local", "public_url_unreachable", "public_url_other_server"),
        *("public_url_other_version", "backups_unknown", "backup_missing", "backup_old", "disk_space_low"),
    }
)
"""What concerns the machine, its servers and its settings: shown to its operator, not to merchants."""


@immutable
class Finding:
    """A fault that a check found: the code, and the values of its sentence."""

    code: str
    values: Mapping[str, Value]

    @property
    def level(self) -> Level:
        """How serious it is."""
        return LEVELS[self.code]


def found(code: str, **values: Value) -> Finding:
    """A finding: `found("backup_old", count=40)`."""
    return Finding(code, values)
