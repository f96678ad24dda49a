# Two commands on a fresh machine: `make demo` and `make test`. They need git, make and python3 with venv.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Both cores; the process tests take turns among themselves.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadscope

.PHONY: setup demo test quick lint test-sqlite test-postgres coverage bench-backlog lock clean

setup: .venv/installed

.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

demo: setup
	$(BIN)/python manage.py demo

test: lint test-sqlite test-postgres coverage

# In between: no processes, no long tables of vendor answers, a handful of histories, SQLite alone, nothing measured.
quick: lint
	env -u DATABASE_URL HISTORIES=4 $(PYTEST) -m "not processes and not any_database"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/mypy

test-sqlite: setup
	rm -f .coverage .coverage.*
	env -u DATABASE_URL COVERAGE_FILE=.coverage.sqlite $(PYTEST) --cov --cov-report=

# What never asks a database, or is about a vendor's words alone, has been tried above SQLite.
test-postgres: setup
	$(BIN)/python -m tests.postgres $(PYTEST) -m "database and not any_database"

# Rules, wires and rows are covered to the last branch, above SQLite alone; the rest nearly so.
coverage:
	$(BIN)/coverage combine --quiet --keep .coverage.sqlite*
	$(BIN)/coverage report --fail-under=100 --include='integrations/sync/*,integrations/models/*,integrations/coperniq/*,integrations/quickbooks/*,integrations/http.py,integrations/parsing.py,integrations/errors/*'
	$(BIN)/coverage report --fail-under=95

# Minutes, not seconds: 1,000 records of one company against QuickBooks' limits. KIND=job or invoice.
KIND ?= invoice
bench-backlog: setup
	env -u DATABASE_URL $(BIN)/python -m tests.bench.backlog --kind $(KIND)
	$(BIN)/python -m tests.postgres $(BIN)/python -m tests.bench.backlog --kind $(KIND)

lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv var .coverage .coverage.* .mypy_cache .ruff_cache .hypothesis
