# Everything here needs Python >= 3.11 and make, nothing else. PYTHON=/path/to/python picks one.

VENV := .venv
BIN  := $(VENV)/bin

# Pytest's arguments (make test ARGS="tests/unit -k e164") and processes (one per core, at most four).
ARGS    ?=
WORKERS ?= auto

# The tools keep their caches in the tree, so that an empty or missing HOME is fine. pip is told to be
# quiet and to take nothing but what the lock files name.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
SYNC = $(PIP) install --require-hashes -r

# An environment whose Python is gone, or that was made where the tree no longer is, is made anew.
STAMPS := $(VENV)/.runtime $(VENV)/.dev $(VENV)/.bench $(VENV)/.e2e
$(shell { test -x $(BIN)/python && grep -qsF '$(CURDIR)/$(VENV)' $(BIN)/activate; } || \
  rm -f $(STAMPS) $(BIN)/python)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help serve install install-dev test check bench e2e lock

help:
	@echo 'make serve    set up on first use, then serve http://localhost:8080 with data in ./data/'
	@echo 'make test     the whole test suite, on SQLite and on PostgreSQL (ARGS="tests/unit -x")'
	@echo 'make check    formatting, lint, types, import contracts, house rules'
	@echo 'make bench    the benchmarks, as a table'
	@echo 'make e2e      the scenarios on a real livekit-server (needs Go, which builds it once, and redis-server)'
	@echo 'make install  only the set-up; the command is then $(BIN)/cordboard'
	@echo 'make lock     resolve the dependencies anew and write requirements/ (UPGRADE=1: take the newest)'

# The last line replaces the shell, so that a signal reaches the server itself; make waits for it.
serve: $(VENV)/.runtime
	@exec $(BIN)/cordboard serve

install: $(VENV)/.runtime
	@echo 'Ready: $(BIN)/cordboard'

install-dev: $(VENV)/.dev

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal --ignore tests/e2e $(ARGS)

# The first run builds livekit-server, which takes minutes. Each scenario has servers of its own and
# mostly waits. livekit-sip is in no package registry: LIVEKIT_SIP_BIN names its binary.
DRIVERS := gateway $(if $(LIVEKIT_SIP_BIN),livekit_sip)
e2e: $(VENV)/.e2e
	@$(BIN)/python -m tests.e2e.livekit_server
	@$(BIN)/python -m pytest -rs -n 3 --dist worksteal $(addprefix --driver ,$(DRIVERS)) \
	  tests/e2e tests/scenarios $(ARGS)

# All of them run, so that one call shows everything that is wrong; any failure fails the target. The
# types are those of everything that the tests use, so what `make e2e` installs is there too.
check: $(VENV)/.e2e
	@failed=''; \
	step() { name=$$1; shift; echo "== $$name"; "$$@" || failed="$$failed$${failed:+, }$$name"; }; \
	step 'format'           $(BIN)/ruff format --check --quiet .; \
	step 'lint'             $(BIN)/ruff check --quiet .; \
	step 'types'            $(BIN)/mypy src tests $(if $(wildcard bench/*.py),bench); \
	step 'import contracts' $(BIN)/lint-imports --no-logo; \
	step 'house rules'      $(BIN)/python -m pytest -q -rN tests/architecture; \
	if [ -n "$$failed" ]; then echo "make check: failed: $$failed" >&2; exit 1; fi

bench: $(VENV)/.bench
	@$(BIN)/python -m bench $(ARGS)

# Each set of dependencies leaves a stamp, newer than its lock file, so that a second run starts at once.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo 'Installing what Cordboard needs into $(VENV) ...'
	@$(SYNC) requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo 'Installing the development tools into $(VENV) ...'
	@$(SYNC) requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@echo 'Installing the benchmark references into $(VENV) ...'
	@$(SYNC) requirements/bench.txt
	@touch $@

$(VENV)/.e2e: requirements/e2e.txt $(VENV)/.dev
	@echo 'Installing what stands in at the real livekit-server into $(VENV) ...'
	@$(SYNC) requirements/e2e.txt
	@touch $@

# The first interpreter that runs (version managers leave commands that do not), is new enough and can
# make virtual environments (Debian keeps ensurepip in a package of its own).
$(VENV)/bin/python:
	@fit='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	for candidate in $(or $(PYTHON),python3.13 python3.14 python3.12 python3.11 python3 python); do \
	  if "$$candidate" -c "$$fit" >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$("$$candidate" --version)"; \
	    "$$candidate" -m venv --clear $(VENV) && exit 0; \
	  fi; \
	done; \
	rm -rf $(VENV); \
	echo 'Cordboard needs Python 3.11 or newer that can make virtual environments.' >&2; \
	echo 'On Debian or Ubuntu: apt install python3-venv. Elsewhere: make PYTHON=/path/to/python3' >&2; \
	exit 1

RESOLVE = $(BIN)/uv pip compile --quiet --no-config --universal --generate-hashes \
  --python-version 3.11 --fork-strategy fewest --custom-compile-command 'make lock' \
  $(if $(UPGRADE),--upgrade)

# One resolution after the other, each held to the one before, so that no version differs between them.
lock: $(VENV)/.runtime
	@$(SYNC) requirements/lock.txt
	@unset $$(env | sed -n -e 's/^\(UV_[A-Z_]*\)=.*/\1/p' -e 's/^\(PIP_[A-Z_]*\)=.*/\1/p'); set -e; \
	$(RESOLVE) --group lock -o requirements/lock.txt; \
	$(RESOLVE) pyproject.toml --group build -o requirements/runtime.txt; \
	$(RESOLVE) pyproject.toml --group build --group dev \
	  -c requirements/runtime.txt -o requirements/dev.txt; \
	$(RESOLVE) pyproject.toml --group build --group dev --group bench \
	  -c requirements/dev.txt -o requirements/bench.txt; \
	$(RESOLVE) pyproject.toml --group build --group dev --group e2e \
	  -c requirements/dev.txt -o requirements/e2e.txt
