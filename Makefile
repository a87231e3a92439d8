# Two words are enough to begin: `make run`. Works with GNU make 3.81 and needs only Python 3.11 or newer.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run demo docs pictures test check bench requirements

BIN := .venv/bin
LOCK := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
        --no-emit-index-url --no-emit-find-links

help: ## what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: .venv/.stamp-base ## .venv with the program and its locked dependencies

run: .venv/.stamp-base ## everything on http://127.0.0.1:8000, with a SQLite file under ./var
	@exec $(BIN)/sevenbells up

demo: .venv/.stamp-base ## the same on a scratch database under ./var/demo, filled with a believable week
	@exec $(BIN)/sevenbells demo

# the tools come first, so that a run that fails later has not to fetch them again
test: .venv/.stamp-test ## every test: unit, property, PostgreSQL, browser
	@CHROMIUM="$$(sh .ci/chromium)" && export CHROMIUM && \
	  exec $(BIN)/python -m pytest -n 2 --durations=10

check: .venv/.stamp-test ## formatting, lint, types, import rules, then the tests: what .ci/run runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_requirements.py
	@$(MAKE) test

docs: .venv/.stamp-base ## the documentation as HTML, in var/docs
	@exec $(BIN)/python docs/build.py var/docs

pictures: .venv/.stamp-test ## the README's pictures anew, from the demo's week
	@CHROMIUM="$$(sh .ci/chromium)" && export CHROMIUM && exec $(BIN)/python -m tests.browser.pictures

bench: .venv/.stamp-test ## the benchmarks beside their reference, as ratios; also into var/bench.json
	@exec $(BIN)/python -m tests.bench

requirements: ## lock the dependencies anew (needs uv); add ARGS=--upgrade for newer ones
	$(LOCK) $(ARGS) requirements/base.in -o requirements/base.txt
	$(LOCK) $(ARGS) -c requirements/base.txt requirements/test.in -o requirements/test.txt

.venv/bin/python:
	@sh .ci/venv

.venv/.stamp-base: requirements/base.txt pyproject.toml .ci/install | .venv/bin/python
	@sh .ci/install base
	@touch $@

.venv/.stamp-test: requirements/test.txt .venv/.stamp-base
	@sh .ci/install test
	@touch $@
