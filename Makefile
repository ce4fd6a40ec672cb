# Two commands matter: `make demo` and `make test`. Everything else is for those who work on the hub.
PYTHON ?= python3
BIN := .venv/bin
BENCH ?=
JOBS ?= 2
RUNTIME := .venv/installed
DEVELOPMENT := .venv/installed-dev

# Compiled modules are kept, whatever the machine prefers: three processes start from them.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test lint bench clean
demo: $(RUNTIME)
	$(BIN)/hub demo

test: $(DEVELOPMENT)
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile

lint: $(DEVELOPMENT)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(DEVELOPMENT)
	$(BIN)/python -m tests.bench $(if $(BENCH),--only $(BENCH)) $(if $(JSON),--json $(JSON))

# uv installs in seconds what pip installs in a minute; both read the same pyproject.toml.
SOURCES := pyproject.toml hub/web/assets/package-lock.json hub/web/assets/icons.txt $(wildcard hub/locale/*/LC_MESSAGES/*.po)
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --editable . $(1) \
  || { $(BIN)/python -m pip install --quiet --upgrade pip && $(BIN)/python -m pip install --quiet --editable . $(1); }

.venv/bin/uv:
	$(PYTHON) -m venv .venv
	-$(BIN)/python -m pip install --quiet uv

$(RUNTIME): $(SOURCES) | .venv/bin/uv
	@echo "Installing (about half a minute the first time) ..."
	@$(call INSTALL,)
	@touch $@

$(DEVELOPMENT): $(SOURCES) | .venv/bin/uv
	@echo "Installing (about half a minute the first time) ..."
	@$(call INSTALL,--group dev)
	@touch $@ $(RUNTIME)

clean:
	rm -rf .venv data hub/web/static/vendor
