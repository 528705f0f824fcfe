# Requires only make and Python 3.11 or newer: no database, no Redis, no Docker, no root.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test proofs screenshots check format reference bench lock

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv with the locked dependencies (the other targets do it when needed)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Accrual needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q app worker  # processes start faster where Python may write no bytecode
	@touch $@

run: $(READY) ## Serve on http://127.0.0.1:8000, with an embedded database and queue unless you configure your own
	@exec $(BIN)/accrual up

demo: $(READY) ## Start everything, send a referred customer's signed events, print the ledger, and stop; KEEP=1: stay, with a lively example to look at
	@exec $(BIN)/accrual demo $(if $(KEEP),--keep)

# Where the environment forbids compiled files, each of the many processes would compile everything again.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY) ## Run every test
	@exec $(BIN)/python -m pytest --numprocesses 4 --dist worksteal

proofs: $(READY) ## Run the full set of orders and crashes that `make test` samples
	@exec $(BIN)/python -m pytest -m proof --proofs -o faulthandler_timeout=0

screenshots: $(READY) ## Write pictures of all pages to screenshots/, light and dark, at a desk and on a phone
	@mkdir -p screenshots
	@exec $(BIN)/python -m pytest -q --language en --screenshots screenshots tests/browser/test_console.py tests/browser/test_portal.py tests/browser/test_first_hour.py

check: $(READY) ## Check lint, formatting, types and import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Format every file
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

reference: $(READY) ## Write docs/reference/cli.md anew from the commands
	@$(BIN)/python -m tests.docs.command_reference

bench: $(READY) ## Print the benchmark's ratios and their aims
	@exec $(BIN)/python -m bench

# By default uv writes no index address into the file.
lock: $(READY) ## Update requirements.lock within the ranges of pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --upgrade --quiet --custom-compile-command 'make lock' --output-file requirements.lock >/dev/null
