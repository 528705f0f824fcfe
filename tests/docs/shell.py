"""The pages of docs/reference/api as scripts: their blocks of shell, run one after the other, as a reader would."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from .pages import links, read

FOLDER: Final = "docs/reference/api"
SETUP: Final = f"{FOLDER}/README.md"
"""The page whose first block names the reader's server and key; its second one prepares the shell for every page."""

_PARTS = re.compile(r"^```(?P<kind>sh|json)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_REFUSAL = re.compile(r"#.*→ (\d{3}) (\w+)")
_DONE = "--- done"


@dataclass(frozen=True)
class Block:
    """The text between two fences.

    `refusals` are the errors that it announces (`# → 409 slug_taken`), in order; `shown` is the answer that the page
    shows after it, or None.
    """

    text: str
    refusals: list[tuple[int, str]]
    shown: str | None = None


def api_pages() -> list[str]:
    """The pages about the API, the one with the setup first, then in the order in which it lists them."""
    root = Path(__file__).resolve().parents[2]
    listed = [target for target in links(root / SETUP) if re.fullmatch(r"[\w-]+\.md", target)]
    return [SETUP, *dict.fromkeys(f"{FOLDER}/{name}" for name in listed)]


def blocks(page: str) -> Iterator[Block]:
    """A page's blocks of shell, from top to bottom."""
    waiting = None
    for part in _PARTS.finditer(read(page)):
        if part["kind"] == "json" and waiting is not None:
            yield Block(waiting.text, waiting.refusals, part["text"])
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        refusals = [(int(status), code) for status, code in _REFUSAL.findall(part["text"])]
        waiting = Block(part["text"], refusals) if part["kind"] == "sh" else None
    if waiting is not None:
        yield waiting


class Shell:
    """One bash for a whole page, so that a variable set in one block is there in the next."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        # -u: an unset variable ends the shell instead of calling the wrong address.
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
