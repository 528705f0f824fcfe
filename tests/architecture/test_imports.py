"""Imports run downward; names that cross as strings lead somewhere."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

from app import jobs
from worker import jobs as worker_jobs

from .source import ROOT, modules


def test_the_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_job_name_leads_to_a_function_of_the_workers() -> None:
    for name in jobs.KNOWN:
        module, function = name.rsplit(".", 1)
        assert inspect.isfunction(getattr(importlib.import_module(module), function)), name


def test_every_job_function_has_a_name_to_be_queued_by() -> None:
    own = [
        f"{worker_jobs.__name__}.{name}"
        for name, function in inspect.getmembers(worker_jobs, inspect.isfunction)
        if function.__module__ == worker_jobs.__name__ and not name.startswith("_")
    ]
    assert set(own) == set(jobs.KNOWN)


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for name, path, tree in modules():
        if path.name == "__init__.py":
            assert ast.get_docstring(tree), name
            assert len(tree.body) == 1, name


def test_no_module_is_named_for_nothing() -> None:
    for name, _, _ in modules():
        assert not {"service", "services", "utils", "helpers", "manager", "common", "core"} & set(name.split(".")), name
