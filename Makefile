# Two commands on a fresh machine: `make demo` and `make test`. They need git, make and python3 with venv.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Both cores; tests/conftest.py says which tests share one.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadscope

# Both runs of the tests, and the processes they start, import what the first has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test soak lint lint-rules lint-types bench-backlog bench-ingest bench-latency bench-batch lock clean

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

# Side by side: the types take as long as all the rest.
lint: setup
	@$(MAKE) --no-print-directory -j 2 lint-rules lint-types

lint-rules:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run

lint-types:
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

# Half an hour: the first day of a company in use, with a worker that is killed three times. BATCH="--projects 100 ..." for less.
bench-batch: setup
	env -u DATABASE_URL $(BIN)/python -m tests.bench.batch $(BATCH)

lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv var .coverage .coverage.* .mypy_cache .ruff_cache .hypothesis
