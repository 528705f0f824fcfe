"""Everything a reader may look up is there, under its name and with its words."""

import ast
import re
import tomllib
from collections.abc import Iterator

import typer
from flask import Flask

from app import settings_files
from app.attribution.carriers import CARRIERS
from app.cli.main import app as command_line
from app.config import Settings
from app.ledger.models import ACCOUNT_KINDS
from app.organizations.permissions import PERMISSIONS
from app.sentences.outcomes import OUTCOMES
from tests.architecture.source import modules
from worker.inbox.handlers.table import HANDLERS

from .pages import code, read, table_under

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
SELF_EVIDENT = ("/docs", "/openapi.json")


def test_every_setting_is_described() -> None:
    described = [code(row[0]) for row in table_under("docs/reference/configuration.md", "Settings")]
    described.remove(settings_files.MIGRATE_URL)  # no serving process carries it, so it is no field
    assert described == [_environment_name(name) for name in Settings.model_fields]


def test_every_default_that_is_a_number_is_the_one_in_force() -> None:
    rows = {code(row[0]): row[1] for row in table_under("docs/reference/configuration.md", "Settings")}
    for name, field in Settings.model_fields.items():
        if type(field.default) is int:
            assert rows[_environment_name(name)] == str(field.default), name


def test_every_outcome_is_described_by_its_own_sentence() -> None:
    rows = table_under("docs/reference/outcomes.md", "All outcomes")
    sentences = {outcome: re.sub(r"\{\w+\}(\.$)?", "…", sentence) for outcome, sentence in OUTCOMES.items()}
    assert {code(row[0]): row[1] for row in rows} == sentences


def test_every_carrier_is_described_in_the_order_of_belief() -> None:
    assert [code(row[0]) for row in table_under("docs/concepts/attribution.md", "Carriers")] == list(CARRIERS)


def test_every_event_that_is_read_is_on_the_list_to_subscribe_to() -> None:
    rows = table_under("docs/reference/events.md", "Events to subscribe to")
    assert [code(row[0]) for row in rows] == list(HANDLERS)


def test_every_account_is_described() -> None:
    assert tuple(code(row[0]) for row in table_under("docs/concepts/ledger.md", "Accounts")) == ACCOUNT_KINDS


def test_every_permission_is_described() -> None:
    page = read("docs/reference/api.md")
    assert [permission for permission in PERMISSIONS if f"`{permission}`" not in page] == []


def test_every_route_is_described(application: Flask) -> None:
    page = re.sub(r"<[^>]+>", ":id", read("docs/reference/api.md"))
    for rule in application.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", ":id", rule.rule)
        if path.startswith(SELF_EVIDENT):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            verb = "" if method == "GET" else f"{method} "
            assert re.search(rf"{verb}(/api/v1)?{re.escape(path)}(?![\w/:])", page), f"{method} {path}"


def test_every_action_of_the_audit_trail_is_described() -> None:
    described = [code(row[0]) for row in table_under("docs/reference/api.md", "Audit trail")]
    assert len(described) == len(set(described))
    assert set(described) == set(_audited_actions())


def test_every_command_is_described() -> None:
    words = read("docs/reference/cli.md")
    assert [command for command in _commands() if f"`accrual {command}`" not in words] == []


def test_no_command_is_described_that_is_not_there() -> None:
    known = {*_commands(), *(command.split()[0] for command in _commands())}
    for page in ("README.md", "docs/reference/cli.md", "docs/reference/api.md", "docs/reference/snippet.md"):
        named = re.findall(r"`accrual ([a-z]+(?: [a-z]+)?)", read(page))
        for words in named:
            assert words in known or words.split()[0] in known, f"{page}: accrual {words}"


def test_the_readme_shows_outcomes_in_the_words_of_the_product() -> None:
    shown = re.findall(r"  (\w+): (.+?)(?: …)?$", read("README.md").partition("occurred at")[0], re.MULTILINE)
    assert shown
    assert [(word, words) for word, words in shown if not OUTCOMES[word].startswith(words)] == []


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", read("README.md"), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_dependency_has_its_reason() -> None:
    page = read("docs/decisions/0007-dependencies.md").lower()
    project = tomllib.loads(read("pyproject.toml"))
    every = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = [re.split(r"[\[><=~]", requirement)[0] for requirement in every]
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", page)] == []


def _audited_actions() -> Iterator[str]:
    """Every text of the form `thing.past_verb` in a module that writes to the audit trail."""
    for _, _, tree in modules():
        text = ast.unparse(tree)
        if "audit.record(" in text or "runs.note(" in text:
            texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
            yield from (value for value in texts if isinstance(value, str) and ACTION.fullmatch(value))


def _environment_name(field: str) -> str:
    return field.upper() if field in {"database_url", "redis_url"} else f"ACCRUAL_{field.upper()}"


def _commands() -> list[str]:
    found = []
    for name, command in vars(typer.main.get_command(command_line))["commands"].items():
        inner = getattr(command, "commands", {})
        found += [f"{name} {sub}" for sub in inner] or [name]
    return found
