"""What a person, a key or the clock can do is a command: one function with an actor, which writes the audit entry."""

import ast
from collections.abc import Iterator

from .source import modules

EDGES = ("app.http", "app.rest", "app.pages", "app.cli", "app.mcp")
"""They parse, call a command or a view, and render."""
SESSION_TYPES = {"Session", "Connection", "Engine"}
"""All that an edge needs of SQLAlchemy, beside its exceptions."""
FRAMEWORK = {"app", "g", "request", "response", "self"}
"""What an edge may set attributes of: Flask's objects, and its own."""

REQUESTS = {"Request", "Numbered", "Between"}
WRITES = {"session.add", "session.add_all", "session.delete", "session.execute"}


def _edges() -> Iterator[tuple[str, ast.Module]]:
    return ((name, tree) for name, _, tree in modules() if name.startswith(EDGES))


def test_routes_and_commands_write_no_audit_entries() -> None:
    assert [name for name, tree in _edges() if "audit.add_entry" in ast.unparse(tree)] == []


def test_routes_and_commands_build_no_statements() -> None:
    found = {name: names for name, tree in _edges() if (names := set(_of_sqlalchemy(tree)) - SESSION_TYPES)}
    assert found == {}


def test_routes_and_commands_change_no_rows() -> None:
    found = {name: lines for name, tree in _edges() if (lines := list(_changes(tree)))}
    assert found == {}


def test_every_function_with_an_actor_hands_it_on_until_the_audit_entry_is_written() -> None:
    """By induction every command ends in the trail, and its caller need not think of it."""
    forgetful = [
        f"{name}.{function.name}"
        for name, _, tree in modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and _takes_an_actor(function) and not _hands_it_on(function)
    ]
    assert forgetful == ["app.organizations.actors.name_of", "app.organizations.audit.add_entry"]


def test_request_models_stand_in_rest_and_pages_only() -> None:
    """Commands take plain arguments, so that REST, pages and the command line call them."""
    found = [
        f"{name}.{node.name}"
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and REQUESTS & {ast.unparse(base) for base in node.bases}
    ]
    assert [one for one in found if not one.startswith(("app.rest.", "app.pages."))] == [
        "app.paging.Between",
        "app.paging.Numbered",
    ]


def test_commands_take_the_session_and_the_actor_first() -> None:
    for name, _, tree in modules():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and _takes_an_actor(function) and name.startswith("app."):
                first = [argument.arg for argument in function.args.args[:2]]
                assert first == ["session", "actor"] or function.name == "name_of", f"{name}.{function.name}"


def _of_sqlalchemy(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"sqlalchemy", "sqlalchemy.orm"}:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("sqlalchemy"))


def _changes(tree: ast.AST) -> Iterator[int]:
    """Lines that set an attribute of something, or have the session write or delete."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        for target in targets:
            if isinstance(target, ast.Attribute) and _root(target) not in FRAMEWORK:
                yield node.lineno
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITES:
            yield node.lineno


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _takes_an_actor(function: ast.FunctionDef) -> bool:
    return any(argument.arg == "actor" for argument in (*function.args.args, *function.args.kwonlyargs))


def _hands_it_on(function: ast.FunctionDef) -> bool:
    """Whether it passes its session and its actor on, to the audit trail or to another command."""
    return any(
        isinstance(node, ast.Call) and [ast.unparse(one) for one in node.args[:2]] == ["session", "actor"]
        for node in ast.walk(function)
    )
