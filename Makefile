# Everything a newcomer runs. `make test` and `make demo` need nothing but Python 3.11 or newer and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLDEST := .venv-oldest
# one BLAS thread: the tests' products are small, and results must not depend on the machine's cores
export OPENBLAS_NUM_THREADS = 1

.PHONY: help demo test lint types imports unit oldest bars images format clean

help:  ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

demo: $(VENV)/installed  ## train on real data that ships with scikit-learn, print the verdict, write the run
	$(BIN)/xent train example:breast_cancer --target target --positive malignant --seed 1

test: lint types imports unit oldest  ## lint, types, import contracts, all tests, the oldest supported scikit-learn

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/tested
	$(BIN)/mypy

imports: $(VENV)/tested
	$(BIN)/lint-imports

unit: $(VENV)/tested
	$(BIN)/python -m pytest --cov --cov-fail-under=95 --numprocesses auto --dist loadfile

oldest: $(OLDEST)/tested  ## the estimators on the oldest supported versions
	$(OLDEST)/bin/python -m pytest tests/estimators -q -p no:cacheprovider

bars: $(VENV)/measured  ## every bar: takes an hour; writes benchmarks/RESULTS.md
	@status=0; for program in benchmarks/bars_*.py; do $(BIN)/python $$program || status=1; done; exit $$status

bars-%: $(VENV)/measured
	$(BIN)/python benchmarks/bars_$*.py

images: $(VENV)/tested  ## draw the pictures of the pages; needs Chromium
	$(BIN)/python docs/images/make.py

format: $(VENV)/tested  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(OLDEST) .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# PyTorch, only an oracle in the tests, is pinned and installed first: a bare "torch" would pull gigabytes of CUDA packages
$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(shell sed -n '/^test = \[/,/^\]/s/^ *"\([^"]*\)".*/"\1"/p' pyproject.toml)
	touch $@

$(VENV)/measured: $(VENV)/tested
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torchmetrics>=1.8" "schemathesis>=4"
	touch $@

$(OLDEST)/tested: pyproject.toml
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint tests/oldest.txt --editable . "pytest>=8.3" "hypothesis>=6.115" pandas
	touch $@
