"""A table has one owner: the package of its model. Others write it never, and read it downward only."""

import ast
import re
import tomllib
from collections.abc import Iterator

from .source import ROOT, modules

READ_ANYTHING = {"app.integrity", "app.explanations"}
"""They look at all tables together: that is what they are for."""
_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+(?:ONLY\s+)?([a-z_]+)\b", re.ASCII)
_READS = re.compile(r"\b(?:FROM|JOIN)\s+(?:ONLY\s+)?([a-z_]+)\b", re.ASCII)
_WRITERS = {"insert", "update", "delete"}


def _package(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] != "app" else ".".join(parts[:2])


def _models() -> tuple[dict[str, str], dict[str, str]]:
    """The owner of every table, and the table of every model."""
    owners, tables = {}, {}
    for name, _, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for line in node.body:
                if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "__tablename__":
                    table = ast.literal_eval(line.value)
                    owners[table], tables[node.name] = _package(name), table
    return owners, tables


OWNERS, TABLES = _models()


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module that is no docstring; what an f-string puts in is left out."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else " … " for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every call of a function by its bare name with a model first: `select(Partner)`; and `Partner(…)` itself."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in TABLES:
            yield "insert", TABLES[node.func.id]
        for argument in node.args[:1]:
            if isinstance(argument, ast.Name) and argument.id in TABLES:
                yield node.func.id, TABLES[argument.id]


def _written(tree: ast.AST) -> set[str]:
    found = {table for text in _texts(tree) for table in _WRITES.findall(text)}
    found |= {table for function, table in _calls(tree) if function in _WRITERS}
    return found & OWNERS.keys()


def _read(tree: ast.AST) -> set[str]:
    found = {table for text in _texts(tree) for table in _READS.findall(text)}
    found |= {table for function, table in _calls(tree) if function == "select"}
    return found & OWNERS.keys()


def _ranks() -> dict[str, int]:
    """How high each package stands, by the layers of the import contract; neighbours stand equally high."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one.get("containers") == ["app"])
    ranks = {"worker": len(layers)}
    for height, layer in enumerate(reversed(layers)):
        ranks |= {f"app.{name.strip(' ()')}": height for name in re.split(r"[|:]", layer)}
    return ranks


def test_every_table_is_known() -> None:
    assert len(OWNERS) > 30


def test_a_table_is_written_by_its_owner_only() -> None:
    written = {name: _written(tree) for name, _, tree in modules()}
    others = {name: {table for table in tables if OWNERS[table] != _package(name)} for name, tables in written.items()}
    assert {name: tables for name, tables in others.items() if tables} == {}


def test_a_table_is_read_downward_only() -> None:
    ranks = _ranks()
    readers = {
        name: {table for table in _read(tree) if ranks[OWNERS[table]] > ranks.get(_package(name), 0)}
        for name, _, tree in modules()
        if _package(name) not in READ_ANYTHING
    }
    assert {name: tables for name, tables in readers.items() if tables} == {}
