# Everything CI runs is a target here, so that a person runs the same thing. `make` alone lists them.

PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=
FUZZ_ARGS ?=
BIN := .venv/bin

# Genuine MXNet, the judge of behaviour, in environments of its own: its last wheels need Python 3.11 and NumPy < 1.24.
CONFORMANCE_PYTHON ?= python3.11
CONFORMANCE_VERSIONS := 2.0.0b1 1.9.1
CONFORMANCE_READY := $(CONFORMANCE_VERSIONS:%=.conformance/%/.ready)

PIP_INSTALL := -m pip --disable-pip-version-check install --quiet

# One thread per process: the suite's processes share the cores, and sums come out in one order.
test docs-test conformance fuzz: export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help .venv demo test kill-test lint format docs-test conformance conformance-run bench fuzz clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv: .venv/.ready  ## the development environment (done again when pyproject.toml or constraints.txt change)

.venv/.ready: pyproject.toml constraints.txt
	@echo "Making .venv: PyTorch and its companions are some hundreds of megabytes, this takes a few minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP_INSTALL) --constraint constraints.txt --editable ".[demo,test,dev]"
	@touch $@

demo: .venv/.ready  ## fine-tune a zoo network on handwritten digits, offline, within three minutes
	$(BIN)/mxzoo demo --at-least 0.97

test: .venv/.ready  ## the test suite, in parallel (PYTEST_ARGS="-k name" for a part of it)
	$(BIN)/pytest -m "not conformance and not docs" -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

kill-test: .venv/.ready  ## kill trainings fifty times; each must come to the end of one that nobody killed
	OMP_NUM_THREADS=1 $(BIN)/python tests/training_runs.py

lint: .venv/.ready  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/.ready  ## put style and formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs-test: .venv/.ready  ## run the examples of README.md, docs/ and the docstrings
	$(BIN)/pytest -m docs tests/test_docs.py $(PYTEST_ARGS)

conformance: .venv/.ready  ## compare live with genuine MXNet 2.0.0b1 and 1.9.1 (Linux on x86-64, Python 3.11)
	@if [ "$$(uname -sm)" != "Linux x86_64" ]; then \
	    echo "conformance: skipped: genuine MXNet has wheels for Linux on x86-64 only, this is $$(uname -sm)."; \
	elif ! $(CONFORMANCE_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
	    echo "conformance: skipped: $(CONFORMANCE_PYTHON) is not a Python 3.11. Name one: make conformance CONFORMANCE_PYTHON=/path/to/python3.11"; \
	else \
	    $(MAKE) --no-print-directory conformance-run; \
	fi

conformance-run: $(CONFORMANCE_READY)
	MXNET_CONFORMANCE=required $(BIN)/pytest -m conformance tests/conformance $(PYTEST_ARGS)

.conformance/%/.ready:
	@echo "Making .conformance/$*: genuine MXNet $*, once."
	$(CONFORMANCE_PYTHON) -m venv --clear .conformance/$*
	.conformance/$*/bin/python $(PIP_INSTALL) mxnet==$* numpy==1.23.5
	@touch $@

bench: .venv/.ready  ## measure against the same networks written in PyTorch (docs/benchmarks.md)
	$(BIN)/python benchmarks/eager.py

fuzz: .venv/.ready  ## break files of every format and read them (FUZZ_ARGS="--files 1000000" for a long run)
	$(BIN)/python tests/fuzz/fuzz.py $(FUZZ_ARGS)

clean:  ## remove everything that was made, the environments too
	rm -rf .venv .conformance build dist demo-output fuzz-failures .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
