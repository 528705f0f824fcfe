"""What may stand only at an edge: the environment, commits, and catching everything."""

import ast
from collections.abc import Iterator

from .source import calls, modules

MAY_CATCH_EVERYTHING = {
    "app.doctor.examine",  # each group of checks runs in a thread of its own
    "app.mcp.execution",
    "app.rest.stripe.receiver",  # its route raises it again, for Flask to answer
    "worker.inbox.drain",
    "worker.mail.sender",  # one mail that cannot be written stops no other
    "worker.payouts.accounts",
    "worker.payouts.transfers",
    "worker.payouts.reserving",
    "worker.schedule",
    "worker.stripe_sync.lookups",
    "worker.outbound.sender",
    "worker.stripe_sync.promotion_codes",
    "worker.stripe_sync.runs",
    "worker.transfer.exports",
    "worker.transfer.imports",
}
COMMITS_BY_HAND = {"app.writability"}
SERVES_REQUESTS = (
    "app.web",
    "app.http",
    "app.rest",
    "app.pages",
    "app.mcp",
    "app.organizations.access",
    "app.organizations.stored_responses",
)
EDGES = (*SERVES_REQUESTS, "app.cli", "worker")
READS_UNIX_SECONDS = ["app.payments.facts", "app.stripe_events.envelope"]
"""`facts.moment` and, for an event's own time, `envelope.occurred_at`: both know which times are possible."""
PRINTS = "app.cli.printing"
"""Spells out control characters, so that what others typed cannot steer a terminal."""
TERMINAL = {"echo", "secho", "echo_via_pager", "stdout", "stderr", "__stdout__", "__stderr__", "_console", "_aside"}


def test_the_environment_is_read_in_one_module() -> None:
    readers = [name for name, _, tree in modules() if _reads_environment(tree)]
    assert readers == ["app.config"]


def test_unix_seconds_become_a_time_only_where_their_range_is_checked() -> None:
    assert [name for name, _, tree in modules() if calls(tree, "fromtimestamp")] == READS_UNIX_SECONDS


def test_commands_print_through_one_module() -> None:
    for name, _, tree in modules():
        if name.startswith("app.cli") and name != PRINTS:
            assert list(_ways_to_a_terminal(tree)) == [], name


def test_no_function_commits() -> None:
    for name, _, tree in modules():
        if name not in COMMITS_BY_HAND:
            assert calls(tree, "commit") == [], name


def test_transactions_are_opened_at_the_edges_only() -> None:
    for name, _, tree in modules():
        if calls(tree, "transaction") or calls(tree, "web_transaction"):
            assert name.startswith(EDGES), name


def test_web_modules_never_open_a_worker_transaction() -> None:
    for name, _, tree in modules():
        if name.startswith(SERVES_REQUESTS):
            assert "db.transaction" not in ast.unparse(tree), name


def test_everything_is_caught_at_the_edges_only() -> None:
    assert {name for name, _, tree in modules() if _swallows_everything(tree)} <= MAY_CATCH_EVERYTHING


def _reads_environment(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(tree)
    )


def _ways_to_a_terminal(tree: ast.AST) -> Iterator[str]:
    """What in a module could print: the library for it, `print`, Typer's `echo`, a standard stream, a console."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules_named = (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            )
            yield from (module for module in modules_named if module.partition(".")[0] in {"rich", "click"})
        elif isinstance(node, ast.Name) and node.id == "print":
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr in TERMINAL:
            yield node.attr


def _swallows_everything(tree: ast.AST) -> bool:
    """Whether something catches all exceptions and does not end by raising them again."""
    return any(
        isinstance(node, ast.ExceptHandler) and _is_everything(node.type) and not isinstance(node.body[-1], ast.Raise)
        for node in ast.walk(tree)
    )


def _is_everything(caught: ast.expr | None) -> bool:
    return caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})
