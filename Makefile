# Everything runs in .venv, which holds exactly what requirements.lock names. Run `make` for the list.
PYTHON ?= python3
PYTEST ?= .venv/bin/pytest
BIN := .venv/bin
INSTALLED := .venv/.installed
SUITE := -n 3 --dist loadgroup --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install run serve test test-rest test-all torture bench bench-quick check docs clean lock graph sources screenshots

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## Create .venv from requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@echo "Installing the locked packages into .venv (a few minutes the first time) …"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(INSTALLED) ## Take three made-up sources to the marts and show the numbers
	@$(BIN)/python -m sandbox.run

serve: $(INSTALLED) ## Open Dagster (3000), the app (8501), the dbt docs (8080) and the metrics (9108)
	@$(BIN)/python -m sandbox exec -- $(BIN)/python -m orchestration.serve

test: $(INSTALLED) ## Run what is quick, and one of each heavy kind of test in its smallest form (a quarter of an hour)
	@$(BIN)/python -m tests.end_to_end.chromium --install
	$(PYTEST) $(SUITE) --part quick $(ARGS)

test-rest: $(INSTALLED) ## Run what `make test` leaves out: the heavy tests, and the larger form of those that repeat
	@$(BIN)/python -m tests.end_to_end.chromium --install
	$(PYTEST) $(SUITE) --part rest $(ARGS)

test-all: ## Run every test: `make test`, then the rest (half an hour)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; export PAIDMEDIA_TEST_SHARED="$$folder"; \
		$(MAKE) test ARGS="$(ARGS)" && $(MAKE) test-rest ARGS="$(ARGS)"

torture: $(INSTALLED) ## Run the long form of every test that repeats, and renew docs/torture.md (hours)
	@$(BIN)/python -m tests.torture $(ARGS)

bench: $(INSTALLED) ## Measure a day of 1.5 million rows, its floor, a peer, 30 days of history (an hour and a half, 65 GB)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(INSTALLED) ## The same with 100,000 rows; only a wrong number fails it
	@$(BIN)/python -m benchmarks --quick $(ARGS)

check: $(INSTALLED) ## Lint, types, layer arrows, dbt parse; no network, no database
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m orchestration.sources --check
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests
	$(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project

sources: $(INSTALLED) ## Write what dbt needs of each source from its file in loaders/sources/
	@$(BIN)/python -m orchestration.sources

docs: $(INSTALLED) ## Build the dbt docs as one page
	@$(BIN)/python -m orchestration.docs

graph: $(INSTALLED) ## Renew the snapshot of the asset graph and the SQL of the ledger's views after a wanted change
	$(PYTEST) -q tests/orchestration/test_graph.py tests/dbt_project/test_ledger_views.py -k 'graph or compiles' --renew-graph

screenshots: $(INSTALLED) ## Renew docs/images from the data of the last `make run`
	@$(BIN)/python -m tests.end_to_end.screenshots

lock: ## Renew requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras \
		--custom-compile-command "make lock" --quiet pyproject.toml -o requirements.lock

clean: ## Stop the embedded server and remove what runs have left
	@test ! -x $(BIN)/paidmedia || $(BIN)/paidmedia db stop
	rm -rf .paidmedia dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
