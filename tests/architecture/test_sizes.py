"""A module is a sitting, a function a screen, and the path of one event a reader's single sitting."""

import ast

import pytest

from .source import ROOT, length, modules

MODULE_LINES = 300
FUNCTION_LINES = 60
PATH_LINES = 1_500

FIVE_STOPS = (
    "app/stripe_events/routes.py",
    "worker/drain.py",
    "worker/handlers/invoices.py",
    "app/commissions/settle.py",
    "app/ledger/posting.py",
)


def test_no_module_is_past_a_sitting() -> None:
    long = {name: length(path) for name, path, _ in modules() if length(path) > MODULE_LINES}
    assert long == {}


def test_no_function_is_far_past_a_screen() -> None:
    long = {
        f"{name}.{node.name}": lines
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (lines := _body_lines(node)) > FUNCTION_LINES
    }
    assert long == {}


def test_an_event_is_followed_in_one_sitting(capsys: pytest.CaptureFixture[str]) -> None:
    lengths = {stop: length(ROOT / stop) for stop in FIVE_STOPS}
    with capsys.disabled():
        print("\n" + "\n".join(f"{lines:>6} lines {stop}" for stop, lines in lengths.items()))  # noqa: T201
    assert sum(lengths.values()) <= PATH_LINES


def _body_lines(function: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the end."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or function.lineno) - body[0].lineno + 1 if body else 0
