# Nothing but python3 (3.11 to 3.13, with venv) and make is needed: everything else is
# installed into .venv from the locked requirements, checked against their hashes.
PYTHON ?= python3
CONFIG ?= config/sidecar.toml
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check install
LOCKS := requirements/build.lock requirements/run.lock

# The tests start the sidecar some hundred times: it should not be compiled each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test unit unit-all lint format peers bench soak fuzz demo image prompts lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Start the sidecar with config/sidecar.toml (CONFIG=FILE for another)
	@exec $(BIN)/consent-sidecar run -c $(CONFIG)

demo: $(VENV)/.run ## Place a call through the sidecar on loopback and show it as a ladder
	@exec $(BIN)/consent-sidecar demo

test: lint peers ## Lint, then all tests; as root it also installs the peers they need
	$(BIN)/pytest -m "not alone" -n 3
	$(BIN)/pytest -m alone

# What runs by itself, without programs of other people and without the repository around it.
UNIT := --ignore=tests/peers --ignore=tests/project

unit: $(VENV)/.dev ## The tests that need no peers
	$(BIN)/pytest -q $(UNIT) -m "not alone" -n 3
	$(BIN)/pytest -q $(UNIT) -m alone

unit-all: ## The same on each Python of 3.11 to 3.13 that is here; says which these were
	@tools/unit_all.sh

lint: $(VENV)/.dev ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Rewrite the sources as ruff would have them
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# SIPp, Asterisk and the like: real programs of other people that the tests talk to.
peers: $(VENV)/.dev
	@if [ "$$(id -u)" = 0 ]; then tests/peers/setup.sh; \
	else echo "not root: tests whose peer is missing are skipped:"; tests/peers/setup.sh --check || true; fi

bench: peers ## Cost of a call and of an RTP packet, beside Kamailio + rtpengine and sippy
	$(BIN)/python -m bench

soak: $(VENV)/.dev ## 100 calls a second for ten minutes; fails where memory grows (RATE=, SECONDS=)
	$(BIN)/python -m bench.endurance --rate $(or $(RATE),100) --seconds $(or $(SECONDS),600)

fuzz: $(VENV)/.dev ## Attack every parser and the calls with hostile peers for ten minutes (SECONDS=)
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

image: $(VENV)/.dev ## Build the container image with buildah (BASE=IMAGE for another base)
	tools/build_image.sh $(BASE)

prompts: ## Speak the default prompts anew and measure them (docs/prompts.md)
	@$(PYTHON) -m venv build/prompts/venv
	@build/prompts/venv/bin/python -m pip -qq install --require-hashes -r requirements/prompts.lock
	build/prompts/venv/bin/python tools/make_prompts.py
	PYTHONPATH=. build/prompts/venv/bin/python tools/measure_prompts.py

lock: $(VENV)/.dev ## Write the locked requirements anew from pyproject.toml
	tools/lock.sh $(BIN)/python

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) .venv-3.* build dist .*_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13: set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "could not make $(VENV) (on Debian: apt-get install python3-venv)"; exit 1; }

$(VENV)/.run: $(LOCKS) pyproject.toml | $(BIN)/python
	@echo "installing the locked requirements into $(VENV)"
	@$(PIP) --require-hashes $(LOCKS:%=-r %)
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	@echo "installing the development requirements into $(VENV)"
	@$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@
