"""`accrual demo`: the first thing a newcomer runs."""

import re
import subprocess
import tempfile
from pathlib import Path

from .test_up import ACCRUAL, SMALL


def test_demo_prints_the_ledger_and_leaves_no_files(tmp_path: Path) -> None:
    before = rooms()
    done = subprocess.run([*ACCRUAL, "demo"], env=SMALL, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = re.findall(r"(\w+): [A-Z]", done.stdout)
    assert (outcomes.count("accrued"), outcomes.count("adjusted")) == (3, 1)
    ledger = done.stdout.partition("The ledger")[2].partition("The newest commission")[0]
    assert re.findall(r"partner_accrued +(-?\d+\.\d\d) USD", ledger) == ["-9.80", "-9.80", "-9.80", "4.90"]
    assert "4.90 USD" in done.stdout.partition("The newest commission")[2]
    assert list(tmp_path.iterdir()) == []
    assert rooms() <= before


def rooms() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("accrual-demo-*"))
