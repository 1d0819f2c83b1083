# Aislecast. `make` alone prints what there is; each target installs what it needs first and is quick the second time.
#
#   make run PYTHON=python3.12 ARGS="--port 9000"

PYTHON ?= python3
ARGS ?=
# Processes that tests run in; 1 runs them one after the other in this one.
JOBS ?= auto
BIN := .venv/bin
# Newer than pyproject.toml and constraints.txt: what they ask for is installed.
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Commands that some tests need, each with the Debian package that brings it.
TOOLS := strace:strace curl:curl dbus-daemon:dbus-daemon systemd-analyze:systemd
# And those that `make test-bluez` needs beside them.
BLUEZ_TOOLS := qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio depmod:kmod bluetoothctl:bluez dbus-daemon:dbus-daemon

# Tests start the product a hundred times over: what Python compiles is kept, whatever the account's environment says.
export PYTHONDONTWRITEBYTECODE :=
# Each process begins with tests that lie together, which share what they set up; who is done takes over from the other.
SPREAD := -n $(JOBS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-bluez check format docs bench lock tools clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: $(INSTALLED) ## install, then run the demo shop in this terminal (Ctrl-C stops it)
	@$(BIN)/aislecast up --demo $(ARGS)

test: $(INSTALLED) tools ## run every test but the long ones; ends with the skipped ones, counted
	@$(BIN)/pytest $(SPREAD) -m "not long" $(ARGS)

test-long: $(INSTALLED) tools ## run every test with its full counts (an hour or so)
	@$(BIN)/pytest $(SPREAD) $(ARGS)

test-bluez: $(INSTALLED) ## run the gateway's tests against the real bluetoothd, in QEMU (as root on Debian; three minutes)
	@$(MAKE) --no-print-directory tools TOOLS="$(BLUEZ_TOOLS)"
	@tests/faults/real_bluez/boot.sh

check: $(INSTALLED) tools ## format, lint, types, import rules, then the tests (words, sizes, docs among them)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest $(SPREAD) -m "not long" $(ARGS)

format: $(INSTALLED) ## put the code into the one format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED) ## make the parts of the docs that are made of the code, and openapi.json
	@$(BIN)/python -m tests.docs.generated

bench: $(INSTALLED) ## measure, each figure beside its yardstick
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(INSTALLED) ## pin in constraints.txt what pip resolves today
	@$(BIN)/python .ci/lock.py

tools: ## install the Debian packages some tests need (as root; elsewhere those tests are skipped)
	@missing=; for tool in $(TOOLS); do command -v $${tool%%:*} >/dev/null || missing="$$missing $${tool#*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	then echo "installed:$$missing"; else echo "not installed:$$missing (tests that need it will be skipped)"; fi

clean: ## remove the environment, caches and builds; what a shop has recorded stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# hatchling is installed from constraints.txt like the rest, so that the build asks for nothing of its own.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Aislecast needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "installing into .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --constraint constraints.txt hatchling editables
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[server,dev]'
	@touch $@
