# Each target works as the first command ever run on a machine with python3 (with venv) and make.
PYTHON ?= python3
BIN := .venv/bin
DEMO_FLAGS ?=
PYTEST_FLAGS ?=

.PHONY: demo test check bench pages format clean

# uv reads uv.lock, so every machine gets the same versions; it is itself installed into the .venv it fills.
.venv/.ready: pyproject.toml uv.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet 'uv>=0.7'
	VIRTUAL_ENV=$(CURDIR)/.venv UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --quiet --active --locked --inexact
	touch $@

# What browsers get; builds only what is older than its sources.
pages: .venv/.ready
	$(BIN)/python web-ui/build.py

demo: pages
	$(BIN)/firsthand demo $(DEMO_FLAGS)

test: pages
	$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_FLAGS)

check: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python web-ui/build.py --check

bench: pages
	$(BIN)/python -m bench

format: .venv/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv build web-ui/node_modules src/firsthand/web/static
