"""What may stand only at an edge: the environment, commits, and catching everything."""

import ast

from .source import calls, modules

MAY_CATCH_EVERYTHING = {"worker.drain", "worker.lookups", "worker.schedule", "worker.runs"}
COMMITS_BY_HAND = {"app.db"}
EDGES = ("app.web", "app.api", "app.operations", "app.organizations.access", "app.cli", "app.portal", "worker")
"""Beside modules named routes."""
READS_UNIX_SECONDS = ["app.payments.facts", "app.stripe_events.envelope"]
"""`facts.moment` and, for an event's own time, `envelope.occurred_at`: both know which times are possible."""
SERVES_REQUESTS = ("app.web", "app.api", "app.operations", "app.organizations.access")


def test_the_environment_is_read_in_one_module() -> None:
    readers = [name for name, _, tree in modules() if _reads_environment(tree)]
    assert readers == ["app.config"]


def test_unix_seconds_become_a_time_only_where_their_range_is_checked() -> None:
    assert [name for name, _, tree in modules() if calls(tree, "fromtimestamp")] == READS_UNIX_SECONDS


def test_no_function_commits() -> None:
    for name, _, tree in modules():
        if name not in COMMITS_BY_HAND:
            assert calls(tree, "commit") == [], name


def test_transactions_are_opened_at_the_edges_only() -> None:
    for name, _, tree in modules():
        if calls(tree, "transaction") or calls(tree, "web_transaction"):
            assert name.endswith("routes") or name.startswith(EDGES), name


def test_what_serves_requests_never_opens_the_workers_transaction() -> None:
    for name, _, tree in modules():
        if name.endswith("routes") or name.startswith(SERVES_REQUESTS):
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


def _swallows_everything(tree: ast.AST) -> bool:
    """Whether something catches all exceptions and does not end by raising them again."""
    return any(
        isinstance(node, ast.ExceptHandler) and _is_everything(node.type) and not isinstance(node.body[-1], ast.Raise)
        for node in ast.walk(tree)
    )


def _is_everything(caught: ast.expr | None) -> bool:
    return caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})
