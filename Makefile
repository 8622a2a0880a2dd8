# Two commands for a new user: `make demo` and `make test`. Each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_COMPILE_BYTECODE := 1
# With the shipped settings, in which telemetry is off, and the configuration that init writes.
DG := VIRTUAL_ENV=$(CURDIR)/$(VENV) DAGSTER_HOME=$(CURDIR)/$(VENV)/dagster \
  NETBOX_SYNC_CONFIG=$(VENV)/dagster/netbox_sync.yaml $(BIN)/dg

.PHONY: setup demo test lint docs live lowest bench clean

# uv where it is present, else venv with pip. requirements.lock pins every package (hence --no-deps).
$(VENV)/.installed: requirements.lock pyproject.toml lab/pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	  uv pip install --quiet --python $(BIN)/python --no-deps -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps -e . -e lab; \
	else \
	  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . -e lab; \
	fi
	@touch $@

setup: $(VENV)/.installed

demo: setup
	$(BIN)/netbox-sync demo

# Tests that are part of `make lint`, after which `make test` does not repeat them.
LINTED := tests/sql/test_style.py tests/text/test_words.py
# Most of the time of the tests goes into planning SQL, which is a sixth faster with jemalloc.
JEMALLOC := $(firstword $(wildcard /usr/lib/*/libjemalloc.so.2 /usr/lib64/libjemalloc.so.2))
test: setup lint
	$(if $(JEMALLOC),LD_PRELOAD=$(JEMALLOC)) $(BIN)/python -m pytest -n 3 --dist worksteal -q $(LINTED:%=--ignore=%)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:cacheprovider $(LINTED)
	@mkdir -p $(VENV)/dagster && cp dagster.yaml $(VENV)/dagster
	@test -f $(VENV)/dagster/netbox_sync.yaml || $(BIN)/netbox-sync --config $(VENV)/dagster/netbox_sync.yaml init > /dev/null
	$(DG) check defs
	$(DG) list defs --json > $(VENV)/dagster/defs.json

# The documentation site, in site/. Warnings are errors; the tests check links, commands and generated pages.
docs: setup
	$(BIN)/zensical build --strict --clean
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/docs
	@echo "open site/index.html"

# Against any NetBox: make live NETBOX_URL=https://... NETBOX_TOKEN=...
live: setup
	$(BIN)/python -m pytest -q -m live

# All steps of the demo with the oldest versions that pyproject.toml allows. Needs uv.
LOWEST := .venv-lowest
lowest:
	uv venv --quiet --clear --python $(PYTHON) $(LOWEST)
	uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct . ./lab
	cd $(LOWEST) && bin/netbox-sync demo --all

bench: setup
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) $(LOWEST) data demo dist build site .cache
