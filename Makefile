# Everything from a fresh clone, with Python 3.11, 3.12 or 3.13 and make alone.
#   make demo      train on the shipped text, write, compare both modes
#   make types-js  the types of the JavaScript (needs npm); part of the linters
#   make check     linters, types, and the tests that need neither TensorFlow nor a browser; for every change
#   make test      linters, types, tests
#   make test-all  the slow tests too, for which it installs PyTorch and onnxruntime-web
#   make coverage  the tests of make test with branch coverage, takes 1.5 times as long; fails below 95 %
#   make bench     the benchmarks of docs/results/performance.md; half an hour (those of docs/results/recipes.md take hours: benchmarks/recipes.py)
#   make docs      the site of docs/ in build/site; executes the notebooks, which takes some minutes
#   make reference write the pages of docs/reference that are made from the source: commands, Python, JSON
#   make lock      renew the locks (needs uv)

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin

# Folders of tests that start neither TensorFlow nor a browser.
FAST := tests/docs tests/text tests/checkpoint tests/inference tests/evaluation tests/planning tests/export tests/test_config.py tests/test_errors.py \
	tests/test_formatting.py tests/test_machine.py charlstm/text charlstm/checkpoint charlstm/inference charlstm/evaluation charlstm/planning charlstm/export charlstm/cli

# npm packages that slow tests use exported files with.
BROWSER_PACKAGES := tests/browser/packages

# Tests start hundreds of processes, each of which would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

# Without npm, the types of the JavaScript are not checked.
NPM := $(shell command -v npm)

.PHONY: demo lint types-js check test test-all coverage bench docs reference lock clean

demo: $(VENV)/runtime
	@rm -rf $(VENV)/demo
	$(BIN)/charlstm train data/ferry-year.txt --checkpoints $(VENV)/demo --name demo --preset quick
	@echo; echo "--- the same seed and noise, stateless and stateful"
	@$(BIN)/charlstm compare --checkpoints $(VENV)/demo --seed "The river " --length 300
	@echo; echo "--- the shipped model"
	@$(BIN)/charlstm generate --checkpoint ferry --seed "The " --length 300 --random-seed 1

lint: $(VENV)/dev $(if $(NPM),types-js)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

types-js: web/node_modules/.package-lock.json
	npm --prefix web run --silent check

check: lint
	$(BIN)/pytest -n 3 --dist loadfile $(FAST) --ignore tests/export/test_frameworks.py

test: lint
	$(BIN)/pytest -n 3 --dist loadfile

test-all: test $(VENV)/slow $(if $(NPM),$(BROWSER_PACKAGES)/node_modules/.package-lock.json)
	$(BIN)/pytest -m slow

coverage: $(VENV)/dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks.reading
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.engines
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.vocabulary
	$(BIN)/python -m benchmarks.measuring
	$(BIN)/python -m benchmarks.saving
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.browser_engine
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.formats
	$(BIN)/python -m benchmarks.history

docs: $(VENV)/docs reference
	$(BIN)/python -m docs.site
	$(BIN)/zensical build --clean --strict

reference: $(VENV)/runtime
	$(BIN)/python -m docs.reference_pages

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "charlstm needs Python 3.11, 3.12 or 3.13; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The project itself is installed without isolation: what builds it is in the lock as well.
$(VENV)/runtime: $(VENV)/bin/python locks/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/runtime locks/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	@touch $@

$(VENV)/docs: $(VENV)/runtime locks/docs.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/docs.txt
	@touch $@

# Without hashes: which file of PyTorch is right depends on the machine.
$(VENV)/slow: $(VENV)/dev locks/slow.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r locks/slow.txt
	@touch $@

$(BROWSER_PACKAGES)/node_modules/.package-lock.json: $(BROWSER_PACKAGES)/package-lock.json
	npm ci --prefix $(BROWSER_PACKAGES) --ignore-scripts --silent --no-audit --no-fund
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	npm ci --prefix web --silent --no-audit --no-fund
	@touch $@

lock:
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o locks/runtime.txt
	uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -c locks/runtime.txt -o locks/dev.txt
	uv pip compile pyproject.toml --group build --group docs --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -c locks/dev.txt -o locks/docs.txt

clean:
	rm -rf $(VENV) build web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
