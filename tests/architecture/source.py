"""Our own source, parsed."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "worker")


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """Every module of ours: its dotted name, its file, its tree."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, path, _parsed(path)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def length(path: Path) -> int:
    """Lines in the file."""
    return len(path.read_text().splitlines())


def calls(tree: ast.AST, method: str) -> list[int]:
    """The lines where `….method(…)` is called."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]
