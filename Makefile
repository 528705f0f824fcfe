# Needs make and Python 3.11 or newer, nothing else: no database, no Redis, no Docker, no root.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test proofs check format reference bench lock

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with the locked dependencies (the other targets do it when needed)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Accrual needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## Serve on http://127.0.0.1:8000, with a database and a queue of its own unless you name yours
	@exec $(BIN)/accrual up

demo: $(READY) ## Start everything, send one referred customer's signed events, print the ledger, and stop
	@exec $(BIN)/accrual demo

# Where the environment forbids compiled files, each of the many processes would compile everything again.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY) ## Run every test
	@exec $(BIN)/python -m pytest --numprocesses 4 --dist worksteal

proofs: $(READY) ## Run the full set of orders and crashes that `make test` samples
	@exec $(BIN)/python -m pytest -m proof --proofs -o faulthandler_timeout=0

check: $(READY) ## Lint, formatting, types, and who may import whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Put every file into the house format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

reference: $(READY) ## Write docs/reference/cli.md anew from the commands
	@$(BIN)/python -m tests.docs.command_reference

bench: $(READY) ## Print the benchmark's ratios beside their aims
	@exec $(BIN)/python -m bench

# uv writes no address of an index into the file unless it is asked to.
lock: $(READY) ## Choose versions anew within the ranges of pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --upgrade --quiet --custom-compile-command 'make lock' --output-file requirements.lock >/dev/null
