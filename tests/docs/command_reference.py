"""The generated part of docs/reference/cli.md: every command with its arguments and options.

Write it again with `make reference`.
"""

from collections.abc import Iterator
from typing import Any, Final

import typer

from app.cli.main import app

from .pages import ROOT

PAGE: Final = "docs/reference/cli.md"
MARK: Final = "<!-- From here on the page is generated: `make reference`. -->\n"
COMMON: Final = frozenset({"--data-dir", "--json", "--organization", "--help"})
"""Options that the page explains once, for all commands."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command as `partners add`, with its click object, in the order of `accrual --help`."""
    for path, command in _below("", typer.main.get_command(app)):
        if not _is_group(command):
            yield path, command


def reference() -> str:
    """The generated part, from the commands as they are."""
    sections = []
    for path, command in _below("", typer.main.get_command(app)):
        heading = f"## {path}" if " " not in path else f"### {path}"
        sections.append(f"{heading}\n\n{_words(command.help)}\n")
        if not _is_group(command):
            sections[-1] += _described(path, command)
    return "\n".join(sections)


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    context = group.context_class(group, info_name="accrual")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = f"{path} {name}".strip()
        yield inner, command
        if _is_group(command):
            yield from _below(inner, command)


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _described(path: str, command: Any) -> str:
    context = command.context_class(command, info_name=f"accrual {path}")
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    lines = []
    if arguments:
        lines += ["", "```sh", " ".join(["accrual", path, *map(_placeholder, arguments)]), "```"]
    rows = [_row(param, context) for param in command.params if param.required or not COMMON & set(param.opts)]
    if rows:
        lines += ["", "| argument or option | meaning |", "| --- | --- |", *rows]
    return "\n".join([*lines, ""]) if lines else ""


def _row(param: Any, context: Any) -> str:
    name, text = param.get_help_record(context)
    shown = _placeholder(param) if param.param_type_name == "argument" else name.strip()
    return f"| `{shown}` | {_words(text)} |"


def _placeholder(argument: Any) -> str:
    """An argument as `PARTNER`, `[PROGRAM]` where it may be left out, `ID…` where there may be several."""
    word = (argument.metavar or argument.name).strip("[]{}. ").upper() + ("…" if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


def _words(text: str | None) -> str:
    """Help as one paragraph, safe in a cell of a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def write() -> None:
    """Put the present commands into the page."""
    page = ROOT / PAGE
    before = page.read_text().partition(MARK)[0]
    page.write_text(f"{before}{MARK}\n{reference()}")


if __name__ == "__main__":
    write()
