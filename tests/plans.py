"""How Postgres would execute the statements of a block if the tables had a million rows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, cast

import psycopg
import pytest
from psycopg.sql import Composable

ROWS: Final = 1_000_000
FEW: Final = 10_000
SMALL: Final = frozenset(
    {
        *("alembic_version", "organizations", "api_keys", "stripe_endpoints", "stripe_api_keys", "stripe_runs"),
        *("programs", "terms", "sums_checkpoints", "partners", "partner_codes", "partner_promotions", "snapshots"),
        *("connected_accounts", "payout_settings", "payout_methods", "browser_keys", "cookie_domains", "exports"),
        *(
            "program_brands",
            "program_logos",
            "application_forms",
            "agreements",
            "applications",
            "agreement_acceptances",
        ),
        *("client_keys", "referral_currencies", "promotion_code_requests"),
        *("accounts", "ledger_fences", "email_confirmations", "invitations", "drifts", "due_events"),
        *("outbound_endpoints", "balances_reached", "tombstones", "cutoff_moves", "opening_balances"),
        *("people", "memberships", "login_links", "person_sessions", "mail_settings", "mail_texts", "mail_preferences"),
        "mail_reached",
        *("imports", "import_files", "imported_affiliates"),
    }
)
"""Tables that do not grow with what is sold; they get `FEW` rows, and may be scanned."""
BROAD: Final = frozenset({"organization_id", "account", "livemode"})
"""Columns of which one value may have all rows of a table."""
KEPT_BY_WALK: Final = 0.1
"""A list that walks an index in order until its page is full must keep at least this share of the rows it reads."""
IN_ORDER: Final = frozenset(
    {"Limit", "Nested Loop", "Merge Join", "LockRows", "Subquery Scan", "Result", "Incremental Sort", "Merge Append"}
)
"""Nodes that return a row before they have read all rows of what they read in order."""
SCANS: Final = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})
EXECUTIONS: Final = 5
"""How many executions of a statement are planned: parameters and role change the plan."""

_EXPLAINED: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b", re.IGNORECASE)
_COMPARED: Final = re.compile(r"\(+(\w+)\)?(?:::\w+)?\)? (=|<|>|<=|>=|IS|~|@>)")
_SETTINGS: Final = "SELECT current_user, name, current_setting(name, true) FROM unnest(%s::text[]) AS name"
_NAMES: Final = ("accrual.organizations", "accrual.affiliate", "accrual.livemode")

_TABLES: Final = """
    SELECT relname, reltuples > 0, pg_relation_size(oid) / 8192
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
_DECLARE: Final = """
    SELECT pg_restore_relation_stats(
        'schemaname', 'public', 'relname', %s::text, 'relpages', %s::int, 'reltuples', %s::real
    )
"""
_WITHOUT_COMMON_VALUES: Final = """
    SELECT pg_clear_attribute_stats('public', tablename, attname, false), pg_restore_attribute_stats(
        'schemaname', 'public', 'relname', tablename::text, 'attname', attname::text, 'inherited', false,
        'null_frac', null_frac, 'avg_width', avg_width, 'n_distinct', n_distinct
    )
    FROM pg_stats WHERE schemaname = 'public' AND n_distinct < 0 AND most_common_vals IS NOT NULL
"""
"""In few rows any value is common, also an id that a million rows have a million of."""
_CONDITIONS: Final = """
    SELECT indexrelid::regclass::text, pg_get_expr(indpred, indrelid) FROM pg_index WHERE indpred IS NOT NULL
"""


@dataclass(frozen=True)
class Execution:
    """A statement with its parameters, and the role and settings that it was executed with."""

    statement: str
    parameters: Any
    role: str
    settings: Mapping[str, str | None]


@dataclass
class Recorder:
    """The first executions of each statement of a block."""

    executions: dict[str, list[Execution]] = field(default_factory=dict)


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Record the statements of all connections of this process during the block."""
    recorder = Recorder()
    execute = psycopg.Cursor.execute

    def record_and_execute(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        statement = query.as_string(cursor) if isinstance(query, Composable) else query
        statement = statement.decode() if isinstance(statement, bytes) else statement
        if _EXPLAINED.match(statement):
            executions = recorder.executions.setdefault(statement, [])
            if len(executions) < EXECUTIONS:
                other = psycopg.Cursor(cursor.connection)
                rows = execute(other, _SETTINGS, [list(_NAMES)]).fetchall()
                settings = {name: value for _, name, value in rows}
                executions.append(Execution(statement, params, rows[0][0], settings))
        return execute(cursor, query, params, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", record_and_execute)
        yield recorder


def at_a_million(superuser: psycopg.Connection) -> "Planner":
    """Let the planner believe that tables have `ROWS` rows, distributed like the rows that they have.

    Statistics of columns are gathered, those of tables declared. The planner multiplies the declared rows of a page by
    the pages that a file really has, so a table without rows stays empty to it.
    """
    superuser.execute("ANALYZE")
    superuser.execute(_WITHOUT_COMMON_VALUES)
    empty = set()
    for table, is_filled, pages in superuser.execute(_TABLES).fetchall():
        if is_filled:
            superuser.execute(_DECLARE, [table, pages, FEW if table in SMALL else ROWS])
        elif table not in SMALL:
            empty.add(table)
    return Planner(superuser, dict(superuser.execute(_CONDITIONS).fetchall()), frozenset(empty))


@dataclass(frozen=True)
class Planner:
    """Plans executions on a connection as superuser, and finds what reads too much."""

    connection: psycopg.Connection
    conditions: Mapping[str, str]
    """The condition of each partial index."""
    unknown: frozenset[str]
    """Tables without rows, of which the planner knows nothing."""

    def faults(self, executions: Iterable[Execution]) -> set[str]:
        """What reads all rows of a large table, or all of an organization's, to find some of them."""
        return {fault for one in executions for fault in self._faults(self.plan(one), walks=False)}

    def plan(self, execution: Execution) -> Mapping[str, Any]:
        """The plan for the execution's role, settings and parameters; it is not executed."""
        with self.connection.transaction(force_rollback=True):
            for name, value in execution.settings.items():
                self.connection.execute("SELECT set_config(%s, %s, true)", [name, value or ""])
            self.connection.execute("SELECT set_config('role', %s, true)", [execution.role])
            query = cast(LiteralString, f"EXPLAIN (FORMAT JSON) {execution.statement}")
            [plans] = self.connection.execute(query, execution.parameters, prepare=False).fetchall()
        plan: Mapping[str, Any] = plans[0][0]["Plan"]
        return plan

    def _faults(self, node: Mapping[str, Any], *, walks: bool) -> Iterator[str]:
        """`walks`: rows of the node are only read until a limit is reached."""
        kind = node["Node Type"]
        is_scan = kind == "Seq Scan" or kind in SCANS
        if is_scan and self._table(node) not in SMALL | self.unknown and not self._is_narrow(node, walks=walks):
            where = f"{kind} of {self._table(node)} by {node.get('Index Name', 'no index')}"
            yield f"{where}, condition {node.get('Index Cond')}, filter {node.get('Filter')}"
        inner: Sequence[Mapping[str, Any]] = node.get("Plans", ())
        for child in inner:
            is_read_in_order = child["Parent Relationship"] in ("Outer", "Subquery", "Member") or kind == "Merge Join"
            yield from self._faults(child, walks=is_read_in_order and (kind == "Limit" or (walks and kind in IN_ORDER)))

    def _is_narrow(self, node: Mapping[str, Any], *, walks: bool) -> bool:
        if node["Node Type"] == "Seq Scan":
            return False
        if {column for column, _ in _COMPARED.findall(node.get("Index Cond", ""))} - BROAD:
            return True
        condition = self.conditions.get(node["Index Name"])
        sought = {column for column, operator in _COMPARED.findall(node.get("Filter", "")) if operator == "="}
        if condition is not None and not sought - BROAD - {column for column, _ in _COMPARED.findall(condition)}:
            return True  # a queue: all its rows are asked for
        return walks and node["Plan Rows"] >= KEPT_BY_WALK * ROWS

    def _table(self, node: Mapping[str, Any]) -> str:
        """The table of a scan; a Bitmap Index Scan has only its index."""
        if "Relation Name" in node:
            return str(node["Relation Name"])
        return str(
            self.connection.execute(
                "SELECT indrelid::regclass::text FROM pg_index WHERE indexrelid = %s::regclass", [node["Index Name"]]
            ).fetchall()[0][0]
        )


def nodes_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node of a plan and all nodes below it."""
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes_of(inner)


def rows_read(plan: Mapping[str, Any]) -> int:
    """The most rows that one node of an executed plan read, by EXPLAIN ANALYZE."""
    return max(int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in nodes_of(plan))
