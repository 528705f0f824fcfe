"""docs/reference/api.md as a script: its blocks of shell, run one after the other in one shell, as a reader would."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .pages import read

PAGE = "docs/reference/api.md"

_PARTS = re.compile(r"^## (?P<heading>[^\n]+)$|^```(?P<kind>sh|json)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_REFUSAL = re.compile(r"#.*→ (\d{3}) (\w+)")
_DONE = "--- done"


@dataclass(frozen=True)
class Block:
    """What stands between two fences.

    `refusals` are the errors it says it will meet (`# → 409 slug_taken`), in order; `shown` is the answer that the page
    shows after it, or None.
    """

    heading: str
    text: str
    refusals: list[tuple[int, str]]
    shown: str | None = None


def blocks() -> Iterator[Block]:
    """The page's blocks of shell, from top to bottom."""
    heading, waiting = "", None
    for part in _PARTS.finditer(read(PAGE)):
        if part["kind"] == "json" and waiting is not None:
            yield Block(waiting.heading, waiting.text, waiting.refusals, part["text"])
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        heading = part["heading"] or heading
        refusals = [(int(status), code) for status, code in _REFUSAL.findall(part["text"] or "")]
        waiting = Block(heading, part["text"], refusals) if part["kind"] == "sh" else None
    if waiting is not None:
        yield waiting


class Shell:
    """One bash for the whole page, so that a variable set in one block is there in the next."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        # -u: a variable nobody has set ends the shell instead of calling the wrong address.
        command = ["bash", "--noprofile", "--norc", "-u", "-o", "pipefail"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            env={"HOME": str(home), "LANG": "C.UTF-8", **environment},
        )

    def run(self, text: str) -> str:
        """What the block printed. Raises AssertionError if its last command failed, or the shell ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{text}\nprintf '\\n{_DONE} %s\\n' $?\n")
        self._process.stdin.flush()
        printed = []
        for line in self._process.stdout:
            if line.startswith(_DONE):
                assert line.split()[-1] == "0", "".join([text, *printed])
                return "".join(printed)
            printed.append(line)
        raise AssertionError(f"the shell ended: {''.join(printed)}\n{text}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
