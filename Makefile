# Everything sets itself up: a fresh clone and Python 3.11+ are enough.
VENV ?= .venv
RUN = $(VENV)/bin
DEMO ?= demo
PORT ?= 3000
JOBS ?= auto

.PHONY: help setup demo test up check bench format lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## the virtual environment, from the lock file
	@scripts/setup $(VENV)

demo: setup ## build the lending sample project, run its 60 nights, tell the story
	@$(RUN)/governance demo $(DEMO) --force

test: setup ## the whole test suite, in parallel, also what makes environments of its own
	@$(RUN)/python -m pytest -n $(JOBS) --dist loadgroup -m "live or not live"

up: setup ## the Dagster UI over the demo, with its nights
	@test -f $(DEMO)/governance.yaml || $(MAKE) --no-print-directory demo
	@$(RUN)/governance up --project $(DEMO) --port $(PORT)

check: setup ## linters, types, import contract, Dagster definitions: what CI runs before the tests
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/mypy
	@$(RUN)/lint-imports
	@$(RUN)/dagster definitions validate -w workspace.yaml

bench: setup ## figures against their bars (QUICK=--quick for a few minutes)
	@$(RUN)/python -m benchmarks $(QUICK)

format: setup ## format the code
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

lock: setup ## renew the lock files
	@$(RUN)/uv pip compile --quiet pyproject.toml --extra demo --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements.lock
	@echo uv | $(RUN)/uv pip compile --quiet - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements-uv.lock

clean: ## remove what was built
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .hypothesis
