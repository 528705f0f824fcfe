"""Everything a reader may look up is there, under its name and with its words."""

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final, cast

from flask import Flask
from flask_openapi3 import OpenAPI

from app import metrics, settings_files
from app.attribution.carriers import CARRIERS
from app.config import Settings
from app.http.errors import PAGE_PATHS
from app.http.openapi.document import complete
from app.ledger.models import ACCOUNT_KINDS
from app.organizations.permissions import PERMISSIONS
from app.payments.waiting import reasons
from app.runtime import stack
from app.sentences import catalogue
from app.sentences.outcomes import OUTCOMES
from tests.architecture.source import modules
from worker.__main__ import QUEUES
from worker.inbox.handlers.table import HANDLERS

from . import command_reference
from .pages import ROOT, code, pages, read, table_under
from .shell import FOLDER, api_pages

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
SYSTEMD: Final = "docs/operations/files/systemd"
SELF_EVIDENT = ("/docs", "/openapi.json", *PAGE_PATHS)
ON_THE_COMMAND_LINE: Final = frozenset({"already_merchant", "balance_open", "name_taken", "organization_cycle"})
"""Codes of refusals that only a command can meet."""


def template(outcome: str) -> str:
    """The sentence of an outcome with its placeholders."""
    return catalogue.named("en").template(f"outcome.{outcome}")


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
    sentences = {one: re.sub(r"\{\w+\}(\.$)?", "…", template(one)) for one in OUTCOMES}
    assert {code(row[0]): row[1] for row in rows} == sentences


def test_every_decision_is_listed_by_its_title() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("0*.md"))
    titles = [page.read_text().partition("\n")[0].removeprefix(f"# {page.name[:4]}: ") for page in pages]
    listed = re.findall(r"^\| \[(\d+)\]\((.+)\) \| (.+) \|$", read("docs/decisions/README.md"), re.MULTILINE)
    assert listed == [(page.name[:4], page.name, title) for page, title in zip(pages, titles, strict=True)]


def test_every_reason_to_wait_is_described() -> None:
    rows = table_under("docs/reference/outcomes.md", "What a payment waits for")
    assert sorted(code(row[0]) for row in rows) == sorted(reasons.REASONS)


def test_carriers_are_described_in_order_of_precedence() -> None:
    assert [code(row[0]) for row in table_under("docs/concepts/attribution.md", "Carriers")] == list(CARRIERS)


def test_every_event_that_is_read_is_on_the_list_to_subscribe_to() -> None:
    rows = table_under("docs/reference/events.md", "Events to subscribe to")
    assert [code(row[0]) for row in rows] == list(HANDLERS)


def test_every_account_is_described() -> None:
    assert tuple(code(row[0]) for row in table_under("docs/concepts/ledger.md", "Accounts")) == ACCOUNT_KINDS


def test_every_metric_is_described(application: Flask) -> None:
    metrics.job_refused("unknown_name")
    answer = application.test_client().get("/metrics")
    shown = re.findall(r"^# TYPE (\w+) (\w+)$", answer.text, re.MULTILINE)
    rows = table_under("docs/reference/metrics.md", "Metrics")
    described = {(code(row[0]).partition("{")[0], row[1]) for row in rows}
    assert described == {*shown, ("accrual_ledger_imbalance_minor", "gauge")}


def test_every_permission_is_described() -> None:
    page = _api()
    assert [permission for permission in PERMISSIONS if f"`{permission}`" not in page] == []


def test_every_route_is_described(application: Flask) -> None:
    page = re.sub(r"<[^>]+>", ":id", _api())
    for rule in application.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", ":id", rule.rule)
        if path.startswith(SELF_EVIDENT):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            verb = "" if method == "GET" else f"{method} "
            assert re.search(rf"{verb}(/api/v1)?{re.escape(path)}(?![\w/:])", page), f"{method} {path}"


def test_every_call_is_listed_with_its_scope_and_its_query(application: Flask) -> None:
    listed = {call: (scope, query) for page in api_pages() for call, scope, query in _listed_calls(page)}
    described = _described_calls(complete(cast(OpenAPI, application)))
    without_prefix = {"GET /commissions", "GET /partners/:id/commissions"}  # named in the text: the same two lists
    assert set(described) - set(listed) == without_prefix
    assert {call: listed[call] for call in described if call in listed} == {
        call: found for call, found in described.items() if call not in without_prefix
    }


def test_every_error_code_is_in_the_table() -> None:
    page = {word for row in table_under(f"{FOLDER}/README.md", "Errors") for word in re.findall(r"`(\w+)`", row[1])}
    assert sorted(_error_codes() - page - ON_THE_COMMAND_LINE) == []


def test_every_action_of_the_audit_trail_is_described() -> None:
    described = [code(row[0]) for row in table_under(f"{FOLDER}/organizations.md", "Actions")]
    assert len(described) == len(set(described))
    assert set(described) == set(_audited_actions())


def test_the_reference_of_the_command_line_is_generated_from_the_commands() -> None:
    assert read(command_reference.PAGE).partition(command_reference.MARK)[2].strip() == (
        command_reference.reference().strip()
    ), "the commands changed; run `make reference`"


def test_documented_commands_exist() -> None:
    commands = [path for path, _ in command_reference.commands()]
    known = {*commands, *(command.split()[0] for command in commands)}
    for page in pages():
        if "decisions" in page.parts:
            continue
        named = re.findall(r"(?:^|`)accrual ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", page.read_text(), re.MULTILINE)
        for words in named:
            assert words in known or words.split()[0] in known, f"{page}: accrual {words}"


def test_the_readme_shows_outcomes_in_the_words_of_the_product() -> None:
    shown = re.findall(r"  (\w+): (.+?)(?: …)?$", read("README.md").partition("occurred at")[0], re.MULTILINE)
    assert shown
    assert [(word, words) for word, words in shown if not template(word).startswith(words)] == []


def test_every_package_is_described() -> None:
    rows = table_under("docs/concepts/architecture.md", "The packages")
    described = {name for row in rows for name in re.findall(r"`((?:app|worker)/\w+)`", row[0])}
    there = {
        f"{path.parent.parent.name}/{path.parent.name}"
        for half in ("app", "worker")
        for path in ROOT.glob(f"{half}/*/__init__.py")
    }
    assert there == described


def test_packages_are_described_in_the_order_of_their_imports() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one.get("containers") == ["app"])
    heights = {name: height for height, layer in enumerate(layers) for name in re.findall(r"\w+", layer)}
    rows = table_under("docs/concepts/architecture.md", "The packages")
    described = [heights[name] for row in rows for name in re.findall(r"`app/(\w+)", row[0])]
    assert described == sorted(described)


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", read("README.md"), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_process_is_started_in_every_way_to_run_and_described(settings: Settings) -> None:
    commands = dict(line.split(": ", 1) for line in read("Procfile").splitlines())
    del commands["release"]
    workers = {f"python -m worker {' '.join(words)}".strip() for words in QUEUES}
    assert {command for command in commands.values() if re.match("python -m worker( |$)", command)} == workers
    started = stack._accrual_processes(settings, 8000, 8001, None, settings.database_url)
    assert {re.sub(r"-\d+$", "", child.name) for child in started} == set(commands)
    units = {page.stem.removeprefix("accrual-").rstrip("@") for page in (ROOT / SYSTEMD).glob("accrual-*.service")}
    assert units == set(commands)
    wanted = set(re.findall(r"accrual-(\w+)(?:@\d)?\.service", read(f"{SYSTEMD}/accrual.target")))
    assert wanted == set(commands) - {"mcp"}  # only where agents are answered
    described = {row[0]: row[1] for row in table_under("docs/operations/README.md", "Processes")}
    assert {code(described[name]) for name in commands} >= workers


def test_every_dependency_has_its_reason() -> None:
    page = read("docs/decisions/0007-dependencies.md").lower()
    project = tomllib.loads(read("pyproject.toml"))
    every = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = [re.split(r"[\[><=~]", requirement)[0] for requirement in every]
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", page)] == []


def _audited_actions() -> Iterator[str]:
    """Every text of the form `thing.past_verb` in a module that writes to the audit trail, without `count.…`."""
    for _, _, tree in modules():
        text = ast.unparse(tree)
        if "audit.add_entry(" in text:
            texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value)
            words = [value for value in texts if isinstance(value, str) and ACTION.fullmatch(value)]
            yield from (word for word in words if not word.startswith("count."))


def _environment_name(field: str) -> str:
    return field.upper() if field in {"database_url", "redis_url"} else f"ACCRUAL_{field.upper()}"


def _api() -> str:
    """All pages about the API as one text."""
    return "\n".join(map(read, api_pages()))


def _listed_calls(page: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The calls in a page's tables `| call | scope |`: method and path, scope, and the names of the query."""
    for row in re.findall(r"^\| (`(?:GET|POST|PUT|PATCH|DELETE) [^|]+) \| `(\w+:\w+)` \|", read(page), re.MULTILINE):
        for method, path, query in re.findall(r"`([A-Z]+) ([^`?]+)(?:\?([^`]*))?`", row[0]):
            yield f"{method} {path}", row[1], tuple(sorted(query.split("&"))) if query else ()


def _described_calls(document: dict[str, Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every operation that needs an API key, as the document has it."""
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "api_key" in operation.get("security", [{}])[0]:
                (scope,) = operation["security"][0]["api_key"]
                query = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
                found[f"{method.upper()} {re.sub(r'{[^}]+}', ':id', path)}"] = (scope, tuple(sorted(query)))
    return found


def _error_codes() -> set[str]:
    """Every code that a refusal is given where it is raised."""
    found = set[str]()
    for _, _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "NotFound.of" and node.args:
                kind = node.args[0]
                found |= {f"{kind.value.replace(' ', '_')}_not_found"} if isinstance(kind, ast.Constant) else set()
    return found


def test_every_page_of_the_console_is_described_with_its_permission(application: Flask) -> None:
    rows = re.findall(r"^\| `(/console\S*)` \| `(\S+)` \|", read("docs/reference/console.md"), re.MULTILINE)
    pages_of_console = [
        rule
        for rule in application.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ())
    ]
    assert sorted(rows) == sorted(
        (re.sub(r"<[^>]+>", ":id", rule.rule), application.view_functions[rule.endpoint].permission or "none")  # type: ignore[attr-defined]
        for rule in pages_of_console
    )
