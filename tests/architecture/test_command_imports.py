"""A command imports what it needs when it is called: each must bring every table that its tables refer to."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

# In a process of its own, because this one has imported everything; a fork for each command, because that is fast.
EACH_COMMAND: Final = """
import ast, importlib, os, pathlib
import sqlalchemy.orm, app.cli.main, app.cli.organization as shared

def imported(functions):
    for node in (node for function in functions for node in ast.walk(function)):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)

def functions_of(path):
    return {f.name: f for f in ast.parse(pathlib.Path(path).read_text()).body if isinstance(f, ast.FunctionDef)}

def called(name, functions, found):
    if name in functions and name not in found:
        found.add(name)
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Name):
                called(node.id, functions, found)
    return found

def unknown_tables(modules):
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            pass  # a name of a module, not a module
    for table in app.db.Base.metadata.tables.values():
        for key in table.foreign_keys:
            try:
                key.column
            except sqlalchemy.exc.NoReferencedTableError:
                yield f"{table.name}.{key.parent.name}"

everywhere = set(imported(functions_of(shared.__file__).values()))
for path in sorted(pathlib.Path("app/cli/payouts").glob("*.py")):
    functions = functions_of(path)
    for name in functions:
        if not name.startswith("_"):
            needed = everywhere | set(imported(functions[each] for each in called(name, functions, set())))
            child = os.fork()
            if not child:
                print(*(f"{path.name} {name}: {key}" for key in unknown_tables(sorted(needed))), sep="\\n", flush=True)
                os._exit(0)
            os.waitpid(child, 0)
"""


def test_a_payout_command_alone_knows_every_table_that_its_tables_refer_to() -> None:
    found = subprocess.run(
        [sys.executable, "-c", EACH_COMMAND], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    assert not found.stdout.strip(), found.stdout
