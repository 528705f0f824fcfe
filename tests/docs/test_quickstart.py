"""The quick starts as commands: what README and docs/quickstart.md say to type gives the amounts that they show."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.test_up import Up

from .pages import read
from .shell import Shell

pytestmark = [pytest.mark.proof, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell beside a running `accrual up`, in which `accrual` uses that one's data directory."""
    with tempfile.TemporaryDirectory(prefix="accrual-up-") as directory:
        up = Up(Path(directory))
        up.first_line()
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with Shell(tmp_path, {"PATH": path, "ACCRUAL_DATA_DIR": directory}) as shell:
            yield shell
        up.process.terminate()
        up.process.communicate(timeout=60)
        up.errors.close()


def test_the_quick_starts_show_the_amounts_that_come_out(shell: Shell) -> None:
    first = "".join(map(shell.run, _typed("README.md", "## Quick start")))
    assert re.search(r"^ada +.* 14\.70 USD", first, re.MULTILINE)
    assert "ada has 14.70 USD accrued on it." in first
    rest = "".join(map(shell.run, _typed("docs/quickstart.md", "## 3. Send events")))
    assert re.findall(r" 200  (\w+): ", rest) == ["accrued", "unattributed", "adjusted"]
    assert re.search(r"^ada +.* 7\.35 USD", rest, re.MULTILINE)
    assert "ada has 7.35 USD accrued on it." in rest
    assert "No commission." in rest
    assert "would approve  1" in rest


def test_the_readme_has_the_first_steps_of_the_quick_start() -> None:
    steps = "".join(_typed("docs/quickstart.md", "## 1. Start"))
    for line in "".join(_typed("README.md", "## Quick start")).partition("cat >")[0].splitlines():
        assert line in steps


def _typed(page: str, heading: str) -> list[str]:
    """The blocks of shell from a heading on; those that only call `make` left out."""
    _, found, section = read(page).partition(f"{heading}\n")
    assert found
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [re.sub(r"^PATH=.*\n", "", block) for block in blocks if not block.startswith("make ")]
