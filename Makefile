# The one runner. `make help` lists what it does.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
BIN := .venv/bin
DECODERS := $(foreach folder,auto_schema sources/postgresql/wire sources/mongodb/wire,$(folder)/compiled.abi3.so)
PACKAGES := auto_schema warehouse sources smart_sync pipeline scheduler demo bench deploy
PYTHON_FILES := $(PACKAGES) tests main.py setup.py

# Whatever the shell says: without it each program that tests and benchmarks start would compile all
# of ours first, for a third of a second that no installed program takes.
export PYTHONDONTWRITEBYTECODE :=
FAST := auto_schema warehouse sources smart_sync pipeline scheduler tests/unit tests/golden tests/scheduler tests/graph \
  tests/seam/test_matrix.py tests/seam/test_repeated_steps.py

.PHONY: help setup for-demo fmt check test extensions browser shells test-fast chaos hunt mutants demo local bench peers image-check wheel wheel-check tests-of-all image-if-changed wheel-if-changed template verify-cloud docs golden pictures lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/.done .venv-bigquery/.done $(DECODERS) ## make both environments, and compile the decoders

.venv/.done: requirements.txt requirements-dev.txt
	@rm -rf .venv
	@python=$$(demo/find_python 3.11 3.12 3.13) && echo "making .venv with $$python" && "$$python" -m venv .venv
	@$(BIN)/python $(PIP) -r requirements.txt -r requirements-dev.txt
	@$(BIN)/python -m pip check --quiet || $(BIN)/python -m pip check
	@touch $@

# A sync and its servers need no tools and no Beam: without these a clone's first run is there in a
# minute, and so is a wheel. Only where nothing else is asked for, and the whole one isn't there.
READY := $(if $(filter-out demo local wheel,$(or $(MAKECMDGOALS),help))$(wildcard .venv/.done),.venv/.done,.venv/.demo)

.venv/.demo: requirements-demo.txt
	@rm -rf .venv
	@python=$$(demo/find_python 3.11 3.12 3.13) && echo "making .venv with $$python, for the demo" && "$$python" -m venv .venv
	@$(BIN)/python $(PIP) --no-compile -r requirements-demo.txt
	@touch $@

# Rows are decoded by C; where nothing compiles it, its twins in Python do it slowly.
$(DECODERS) &: $(READY) setup.py $(wildcard auto_schema/*.[ch] sources/*/wire/*.[ch])
	@rm -f $(DECODERS)
	@$(BIN)/python setup.py -q build_ext --inplace --force

# The local BigQuery wants Python 3.13 and another numpy than Beam, so it lives apart.
.venv-bigquery/.done: requirements-bigquery.txt
	@rm -rf .venv-bigquery
	@python=$$(demo/find_python 3.13) && echo "making .venv-bigquery with $$python" && "$$python" -m venv .venv-bigquery
	@.venv-bigquery/bin/python $(PIP) --no-compile -r requirements-bigquery.txt
	@mkdir -p .venv-bigquery/home
	@HOME=$$PWD/.venv-bigquery/home .venv-bigquery/bin/python -c "from duckdb_extensions import import_extension as i; [i(n) for n in ('icu', 'spatial', 'ducklake')]"
	@touch $@

fmt: .venv/.done ## format the code
	@$(BIN)/ruff format $(PYTHON_FILES)
	@$(BIN)/ruff check --fix $(PYTHON_FILES)

check: .venv/.done ## lint, types, import contracts
	@$(BIN)/ruff format --check $(PYTHON_FILES)
	@$(BIN)/ruff check $(PYTHON_FILES)
	@$(BIN)/mypy $(PACKAGES) main.py
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/hadolint Dockerfile

# Building the image is one core's work, most tests wait for servers: side by side they are done sooner.
test: setup check extensions browser shells ## check, then all tests on real servers; beside them the image and the wheel, if their inputs changed
	@$(MAKE) --no-print-directory --jobs=2 tests-of-all wheel-if-changed image-if-changed

extensions: .venv/.done ## install Debian's PostgreSQL with extensions, for the tests of their types
	@$(BIN)/python -m tests.debian_postgresql

browser: .venv/.done ## install Debian's Chromium, in which tests look at the report
	@$(BIN)/python -m tests.debian_chromium

shells: .venv/.done ## install Debian's zsh, fish and node, at whose prompts tests type
	@$(BIN)/python -m tests.debian_shells

tests-of-all:
	@$(BIN)/python -m pytest

image-if-changed: # what it says comes in one piece, when it has ended
	@mkdir -p .cache
	@$(BIN)/python -m deploy.image_check --if-changed >.cache/image-check.log 2>&1; code=$$?; cat .cache/image-check.log; exit $$code

wheel-if-changed:
	@mkdir -p .cache
	@$(BIN)/python -m deploy.wheel_check --if-changed >.cache/wheel-check.log 2>&1; code=$$?; cat .cache/wheel-check.log; exit $$code

test-fast: check $(DECODERS) ## check, then the tests that need no server: a minute and a half
	@$(BIN)/python -m pytest -m "not server" $(FAST)

chaos: setup ## writers, kills and faults at random, then row by row (SEED=, TRIALS=, GUARD=off, MODES=all)
	@$(BIN)/python -m tests.chaos --seed $(or $(SEED),0) --trials $(or $(TRIALS),20) --guard $(or $(GUARD),on) --modes $(or $(MODES),usual)

hunt: setup ## sources, contents, histories and parameters from a seed, synced and compared (SEED=, MINUTES=, SOURCE=)
	@$(BIN)/python -m tests.hunt --seed $(or $(SEED),0) --minutes $(or $(MINUTES),5) --source $(or $(SOURCE),postgresql)

mutants: setup ## break each promise in a copy and show that its test fails
	@$(BIN)/python -m tests.mutants

for-demo: # both environments side by side
	@$(MAKE) --no-print-directory --jobs=2 READY=$(READY) $(READY) .venv-bigquery/.done $(DECODERS)

local: for-demo ## the servers of docs/tutorial.md: a PostgreSQL with a small shop and a local BigQuery, until Ctrl-C
	@$(BIN)/python -m demo.local

demo: for-demo ## a whole sync on real flights, locally (SOURCE=quick, postgresql, mongodb, bigquery, tables or checks)
	@$(BIN)/python -m demo.run --source $(or $(SOURCE),postgresql)

# Other tools that `make bench` and `make peers` set beside ours; nothing else needs them.
.venv-bench/.done: requirements-bench.txt
	@rm -rf .venv-bench
	@python=$$(demo/find_python 3.11 3.12 3.13) && "$$python" -m venv .venv-bench
	@.venv-bench/bin/python $(PIP) -r requirements-bench.txt
	@touch $@

bench: setup .venv-bench/.done ## speed and requests beside other tools (SOURCE=postgresql, mongodb, requests, tables, bigquery or launch; ONLY=, ROWS=, TIMES=)
	@$(BIN)/python -m bench.$(or $(filter bigquery launch,$(SOURCE)),run)

peers: setup .venv-bench/.done ## who loses, doubles or changes rows: other tools and ours by the same scenarios (ONLY=, TOOLS=)
	@$(BIN)/python -m bench.losses.run

image-check: setup ## build the image without a container engine, and sync from inside it (root, Debian)
	@$(BIN)/python -m deploy.image_check

wheel: $(READY) ## build what `pip install bigquery-smart-sync` installs, into dist/
	@$(BIN)/python -m deploy.wheel

wheel-check: setup ## build the wheel, install it into an empty environment, and sync each source from it
	@$(BIN)/python -m deploy.wheel_check

template: ## build image and template in your project (PROJECT=, BUCKET=, REGION=; DRY=1 only shows)
	@deploy/template

verify-cloud: .venv/.done ## what only real BigQuery and Dataflow can show (PROJECT=, LOCATION=, REGION=, BUCKET=, TEMPLATE=, ONLY=)
	@$(if $(PROJECT),,$(error which project? make verify-cloud PROJECT=my-project))$(BIN)/python -m deploy.verify_cloud \
	  --project "$(PROJECT)" $(if $(LOCATION),--location "$(LOCATION)") $(if $(REGION),--region "$(REGION)") \
	  $(if $(BUCKET),--bucket "$(BUCKET)") $(if $(TEMPLATE),--template "$(TEMPLATE)") $(if $(ONLY),--only "$(ONLY)")

docs: .venv/.done ## rewrite what is made from tables and imports: metadata.json, pages in docs
	@$(BIN)/python -m pipeline.parameters.docs
	@$(BIN)/python -m pipeline.tables.json_schema
	@$(BIN)/python -m scheduler.docs
	@$(BIN)/python -m tests.mutants --docs
	@$(BIN)/python -m tests.behaviours
	@$(BIN)/python -m tests.rooms
	@$(BIN)/python -m tests.errors
	@$(BIN)/python -m tests.llms
	@$(BIN)/python -m deploy.real_service
	@$(BIN)/python -m tests.googlesql.differences
	@$(BIN)/python -m bench.pages
	@$(BIN)/python -m pipeline.command.imports.pages
	@$(BIN)/python -m bench.losses.page
	@$(BIN)/python -m tests.scaling
	@$(BIN)/python -m tests.costs

golden: .venv/.done ## rewrite the golden files; review the diff
	@REWRITE_GOLDEN=1 $(BIN)/python -m pytest -q tests/golden tests/e2e/test_printed.py

pictures: setup browser ## make the pictures of the documents anew, of what the program shows
	@REWRITE_PICTURES=1 $(BIN)/python -m pytest -q -n0 tests/browser/test_pictures.py

lock: .venv/.done ## renew the lock files (needs uv)
	@for name in requirements requirements-dev requirements-build requirements-bench; do \
	  uv pip compile $$name.in -o $$name.txt --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-config --no-annotate -q; done
	@uv pip compile requirements-demo.in -o requirements-demo.txt --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-config --no-annotate --no-emit-package pandas -q
	@uv pip compile requirements-bigquery.in -o requirements-bigquery.txt --universal --python-version 3.13 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-config --no-annotate -q

clean: ## remove environments, caches and what the demo left
	@rm -rf .venv .venv-bigquery .venv-bench .demo .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
