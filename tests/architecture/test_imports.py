"""Imports run downward; names that cross as strings lead somewhere."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

from app import jobs

from .source import ROOT, modules


def test_the_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_job_leads_to_a_function_of_the_workers_that_takes_its_time_slice() -> None:
    for job in jobs.KNOWN.values():
        module, _, function = job.function.rpartition(".")
        parameters = inspect.signature(getattr(importlib.import_module(module), function)).parameters
        assert module.startswith("worker."), job.name
        assert list(parameters) == ["slice_seconds"], job.name


def test_no_two_jobs_share_a_name_or_a_flag() -> None:
    for field in ("name", "flag", "function"):
        assert len({getattr(job, field) for job in jobs.KNOWN.values()}) == len(jobs.KNOWN), field


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for name, path, tree in modules():
        if path.name == "__init__.py":
            assert ast.get_docstring(tree), name
            assert len(tree.body) == 1, name


def test_modules_are_named_by_what_they_hold() -> None:
    for name, _, _ in modules():
        assert not {"service", "services", "utils", "helpers", "manager", "common", "core"} & set(name.split(".")), name
