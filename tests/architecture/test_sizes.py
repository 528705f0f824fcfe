"""A module is a sitting, a function a screen, a package a glance."""

import ast

from .source import PACKAGES, ROOT, length, modules

MODULE_LINES = 300
FUNCTION_LINES = 60
PACKAGE_MODULES = 12
"""Sub-packages count as one; the root of `app` is exempt."""
IN_EVERY_PACKAGE = {"erasing.py"}
"""Modules that every package with people's data has, under the same name."""


def test_modules_have_at_most_the_allowed_lines() -> None:
    long = {name: length(path) for name, path, _ in modules() if length(path) > MODULE_LINES}
    assert long == {}


def test_functions_have_at_most_the_allowed_lines() -> None:
    long = {
        f"{name}.{node.name}": lines
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (lines := _body_lines(node)) > FUNCTION_LINES
    }
    assert long == {}


def test_packages_have_at_most_the_allowed_modules() -> None:
    full = {}
    for package in PACKAGES:
        for directory in (path.parent for path in (ROOT / package).rglob("__init__.py")):
            inside = [
                path
                for path in directory.iterdir()
                if path.name not in IN_EVERY_PACKAGE and (path.suffix == ".py" or (path / "__init__.py").exists())
            ]
            if directory != ROOT / "app" and len(inside) - 1 > PACKAGE_MODULES:
                full[str(directory.relative_to(ROOT))] = len(inside) - 1
    assert full == {}


def _body_lines(function: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the end."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or function.lineno) - body[0].lineno + 1 if body else 0
