# Treff: every command a person needs. `make help` lists them.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types imports shape migrations bench soak messages screenshots clean chromium

# The first Python that is new enough. PYTHON=/path/to/python chooses another one.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	"$$p" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$p" && break; done)

# Passed on to the command: make demo ARGS=--fresh, make test ARGS="-k reschedule"
ARGS ?=
# BROWSER=no leaves out the tests that drive Chromium.
BROWSER ?= yes

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --no-input
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# What is installed is marked inside .venv by the content of what asked for it: a second run has nothing to do.
RUN := .venv/.run-$(shell cat requirements/build.txt requirements/run.txt pyproject.toml | cksum | cut -d' ' -f1)
DEV := .venv/.dev-$(shell cat requirements/build.txt requirements/dev.txt pyproject.toml | cksum | cut -d' ' -f1)

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo '  ARGS="…" is passed on to demo, test, bench, soak and screenshots; BROWSER=no leaves out the tests that need Chromium.'

demo: $(RUN) ## Start the whole product with simulated Zoom and mail; Ctrl-C stops it
	@exec .venv/bin/treff demo $(ARGS)

test: $(DEV) chromium ## Run all tests
	@$(PY) -m pytest -n $(CORES) $(if $(filter no,$(BROWSER)),-m "not browser") $(ARGS)

check: format lint types imports shape migrations ## Check format, lint, types, contracts, shape and migrations

format: $(DEV) ## Check that the code is formatted (ruff format . does it)
	@$(PY) -m ruff format --check --quiet .

lint: $(DEV) ## Check the code with ruff
	@$(PY) -m ruff check --quiet .

types: $(DEV) ## Check the types with mypy
	@$(PY) -m mypy

imports: $(DEV) ## Check who imports whom
	@.venv/bin/lint-imports --no-logo

shape: $(DEV) ## Check size, names, settings, texts and what no test proves yet
	@$(PY) -m pytest -q -n $(CORES) tests/shape

migrations: $(DEV) ## Check that the models have their migrations
	@DJANGO_SETTINGS_MODULE=treff.settings $(PY) -W 'ignore:Got an error checking a consistent migration history' \
		-m django makemigrations --check --dry-run

bench: $(DEV) ## Measure
	@$(PY) -m bench $(ARGS)

soak: $(DEV) ## Send the reconciler (ARGS=SEEDS) and then the whole product through many accidents
	@simulated=0; $(PY) -m tests.faults.simulation --soak $(or $(ARGS),50000) || simulated=$$?; \
		$(PY) -m tests.faults.soak && exit $$simulated

messages: $(DEV) ## Collect the texts for translation and compile the German ones
	@$(PY) -m tests.shape.messages

screenshots: $(DEV) chromium ## Take pictures of every page into docs/screenshots
	@$(PY) -m tests.web.pictures $(ARGS)

clean: ## Remove what was installed and built; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist test-results
	@find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# ---- what the commands stand on ----

$(PY):
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null; then \
		echo 'Treff needs Python 3.11 or newer. Install it, or name one: make PYTHON=/path/to/python3.11' >&2; exit 1; fi
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; \
		echo 'Python could not make .venv (on Debian: apt-get install python3-venv).' >&2; exit 1; }

$(RUN): | $(PY)
	@echo 'Installing what Treff needs into .venv (a minute or two the first time) …'
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@rm -f .venv/.run-*; touch $@

$(DEV): $(RUN) | $(PY)
	@echo 'Installing what the checks and tests need …'
	@$(PIP) --require-hashes -r requirements/dev.txt
	@rm -f .venv/.dev-*; touch $@

chromium:
ifneq ($(BROWSER),no)
	@command -v chromium >/dev/null 2>&1 || { \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then \
			echo 'The browser tests need Chromium: install it (Debian: sudo apt-get install chromium fonts-inter),' >&2; \
			echo 'or leave them out: make test BROWSER=no' >&2; exit 1; fi; \
		echo 'Installing Chromium from the system'"'"'s packages …'; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends chromium fonts-inter fonts-dejavu-core >/dev/null; }
endif
