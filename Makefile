# Everything that people and CI run. A virtual environment is made on first use; only git, make and Python are assumed.
#
#   make demo         the main job on the sample logs
#   make test         all tests (PYTEST_ARGS="-k catalog" for some)
#   make test-browser the HTML review in a real Chromium (Debian's package chromium, or CHROMIUM=PATH)
#   make lint         style and types
#   make format       rewrite the code in the project's style
#   make wheel-check  build the wheel, install it away from the checkout, and run the demo from it
#   make catalog      rebuild the bundled catalog and its event map (CATALOG=, OPERATIONS=: action_catalog/SOURCES.md)
#   make bench        how fast lpgen is, against yardsticks in the same run (SIZE=S, M or L)
#   make clean        remove what the others made

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNNABLE := $(VENV)/.lpgen-runnable
TESTABLE := $(VENV)/.lpgen-testable

.PHONY: demo test test-browser lint format wheel-check catalog bench clean help
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

demo: $(RUNNABLE)
	$(BIN)/lpgen demo

test: $(TESTABLE)
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

test-browser: $(TESTABLE)
	$(BIN)/python -m pytest tests/browser $(PYTEST_ARGS)

lint: $(TESTABLE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(TESTABLE)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel-check: $(TESTABLE)
	.ci/check_wheel $(abspath $(BIN)/python)

catalog: MODELS = PYTHONPATH=build/pinned-models $(BIN)/python
catalog: $(TESTABLE)
	$(if $(CATALOG),$(BIN)/python -m action_catalog.refresh $(CATALOG))
	$(PIP) install --no-deps --upgrade --target build/pinned-models botocore==1.43.11
	$(MODELS) -m action_catalog.build_operations $(if $(OPERATIONS),--hints $(OPERATIONS)) $(if $(NEWER),--also $(NEWER))
	$(MODELS) -m action_catalog.build_operation_report
	$(MODELS) -m action_catalog.check_bindings
	$(BIN)/python -m action_catalog.build_shown_actions

bench: SIZE ?= S
bench: $(TESTABLE)
	$(BIN)/python bench/decisions.py
	$(BIN)/python bench/principals.py --size $(SIZE)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis lpgen-demo

# Installed editable, so that only a change of the dependencies needs it again.
$(RUNNABLE): pyproject.toml .ci/make_venv
	@.ci/make_venv $(VENV)
	$(PIP) install --editable .
	@touch $@

$(TESTABLE): pyproject.toml .ci/make_venv
	@.ci/make_venv $(VENV)
	$(PIP) install --editable '.[dev]'
	@touch $(RUNNABLE) $@
