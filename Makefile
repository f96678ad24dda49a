# Two commands on a fresh machine: `make demo` and `make test`. They need git, make and python3 with venv.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Both cores; the process tests take turns among themselves.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadscope

.PHONY: setup demo test soak lint bench-backlog bench-ingest bench-latency lock clean

setup: .venv/installed

.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

demo: setup
	$(BIN)/python manage.py demo

# All checks and all quick tests; on PostgreSQL those about what the database does, and real processes.
test: lint
	env -u DATABASE_URL $(PYTEST) -m "not soak and not processes"
	$(BIN)/python -m tests.postgres $(PYTEST) -m "every_database and not soak"

# The long part, within SOAK_MINUTES (25): random histories, whole tables, both databases, coverage.
soak: setup
	$(BIN)/python -m tests.soak

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/mypy

# Minutes, not seconds: 1,000 records of one company against QuickBooks' limits. KIND=job or invoice.
KIND ?= invoice
bench-backlog: setup
	env -u DATABASE_URL $(BIN)/python -m tests.bench.backlog --kind $(KIND)
	$(BIN)/python -m tests.postgres $(BIN)/python -m tests.bench.backlog --kind $(KIND)

# A few minutes: webhooks beside a bare application that does one durable INSERT; the ratios are the figures.
bench-ingest: setup
	env -u DATABASE_URL $(BIN)/python -m tests.bench.ingest
	$(BIN)/python -m tests.postgres $(BIN)/python -m tests.bench.ingest

# A few minutes: from an event to the first write it leads to, with vendors that answer at once.
bench-latency: setup
	env -u DATABASE_URL $(BIN)/python -m tests.bench.latency
	$(BIN)/python -m tests.postgres $(BIN)/python -m tests.bench.latency

lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv var .coverage .coverage.* .mypy_cache .ruff_cache .hypothesis
