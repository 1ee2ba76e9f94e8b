# The same words for people and for CI. `make test` is everything CI runs.

# The first of these that is Python 3.11 or newer; `make venv PYTHON=...` overrides.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN = .venv/bin
# Two workers of one thread each: with more, threads wait for each other.
# Tests of what threads share set two of them by themselves.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest -n 2
# A processor without AVX-512 and without units for bfloat16, as torch and oneDNN see it.
AVX2 = ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2
PIP_INSTALL = $(BIN)/python -m pip install --disable-pip-version-check \
	--constraint constraints.txt

.PHONY: help venv demo lint test test-all test-gpu test-machines test-oldest docs bench bench-all clean

help:
	@echo 'make demo      six jobs beside other packages, each with a table and a picture'
	@echo 'make lint      ruff, mypy, import-linter'
	@echo 'make test      lint, tests, doctests, code blocks of README and user guide'
	@echo 'make test-all  the same with the slow tests'
	@echo 'make test-gpu  the tests that need a GPU'
	@echo 'make test-machines  the tests as on other processors, with one thread and two'
	@echo 'make test-oldest    the tests with the oldest versions that are supported'
	@echo 'make docs      the documentation in docs/_build/html'
	@echo 'make bench     the benchmarks of speed and memory, and short ones of quality'
	@echo 'make bench-all all of them: an hour and more'
	@echo 'make clean     remove .venv and all that was built'

venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(if $(PYTHON),,$(error No Python 3.11 or newer on PATH; try make venv PYTHON=/path/to/python))
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@

.venv/installed-docs: .venv/installed
	$(PIP_INSTALL) --editable '.[docs]'
	touch $@

demo: venv
	$(BIN)/python -m sknn_suite demo

lint: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(PYTEST)

test-all: lint
	$(PYTEST) -m 'not gpu'

test-gpu: venv
	$(BIN)/pytest -m gpu

test-machines: venv
	$(AVX2) $(PYTEST)
	$(AVX2) OMP_NUM_THREADS=2 $(BIN)/pytest
	OMP_NUM_THREADS=2 $(BIN)/pytest

# On Linux PyPI's torch 2.6 brings CUDA: 3 GB to load, 6 GB on disk.
.venv-oldest/installed: pyproject.toml constraints-oldest.txt
	$(if $(PYTHON),,$(error No Python 3.11 or newer on PATH; try make test-oldest PYTHON=/path/to/python))
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --disable-pip-version-check \
		--constraint constraints-oldest.txt --editable '.[dev]'
	touch $@

test-oldest: .venv-oldest/installed
	OMP_NUM_THREADS=1 .venv-oldest/bin/pytest -n 2

docs: .venv/installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: venv
	$(BIN)/python benchmarks/run_all.py

bench-all: venv
	$(BIN)/python benchmarks/run_all.py --all

clean:
	rm -rf .venv .venv-oldest build dist *.egg-info docs/_build docs/generated docs/auto_examples \
		docs/sg_execution_times.rst
	rm -rf demo_output .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
