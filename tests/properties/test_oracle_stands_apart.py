"""An oracle that shared code with what it judges would share its mistakes."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
JUDGES = sorted(path.stem for path in HERE.glob("oracle*.py"))

LOADED = """
import importlib, sys
importlib.import_module("tests.properties.{judge}")
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("app", "worker")))
"""


@pytest.mark.parametrize("judge", JUDGES)
def test_the_oracle_loads_none_of_the_projects_code(judge: str) -> None:
    """Not even through others: a fresh interpreter that has loaded it has loaded nothing of `app` or `worker`."""
    command = [sys.executable, "-c", LOADED.format(judge=judge)]
    loaded = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
