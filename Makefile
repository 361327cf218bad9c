# What there is to do here. Python 3.11 or newer and make are all it needs: the environment is made
# in .venv, and made anew when setup.cfg changes what is to be installed.

PYTHON ?= python3
# PYTEST_ARGS="-n auto --cov" measures coverage, PYTEST_ARGS="-k negotiation" runs a part of it.
PYTEST_ARGS ?= -n auto
TOX_ARGS ?= --skip-env lint
# All rows take some minutes; BENCH_ARGS="--only 404 --rounds 10" measures some of them, quickly.
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

# Everything here shares one environment, so that nothing is won by doing two things at once.
.NOTPARALLEL:
.PHONY: help demo docs port tour test soak foreign sites neighbours lint matrix bench mutants clean site

help: ## this list
	@echo 'make TARGET [PYTHON=python3.13] [PORT=8000] [PYTEST_ARGS="-k negotiation"]'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/    \1@\2/p' $(firstword $(MAKEFILE_LIST)) | tr @ '\t' | expand -t 15

demo: port site ## serve the demo site on PORT, after a tour of it; Ctrl-C ends it
	@$(MANAGE) demo

tour: site ## what the demo site answers, in eight scenes; ALL=1 for everything else too
	@$(MANAGE) tour $(if $(ALL),--all)

test: $(VENV)/.installed-test ## run the tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

soak: $(VENV)/.installed-test ## failing databases, and an hour's errors in a minute: the tests that wait
	@$(BIN)/python -m pytest -m soak

docs: $(VENV)/.installed-docs ## build the documentation in docs/_build/html
	@$(BIN)/python -m sphinx --quiet --nitpicky --fail-on-warning --keep-going docs docs/_build/html
	@echo 'The documentation begins at docs/_build/html/index.html'

foreign: $(VENV)/.installed-test ## run Django's own tests and REST framework's, with the app in the stack
	@FOREIGN=1 $(BIN)/python -m pytest tests/foreign

sites: $(VENV)/.installed-test ## run a part of the tests of real sites, from the repositories in SITES, with the app
	@FOREIGN=sites SITES='$(SITES)' $(BIN)/python -m pytest tests/foreign/test_sites.py

neighbours: $(VENV)/.installed-tox ## run the tests of the app beside the packages that sites really have
	@$(BIN)/tox run -qq -e neighbours

lint: $(VENV)/.installed-tox ## ruff, mypy, pyright, import-linter
	@$(BIN)/tox run -qq -e lint

matrix: $(VENV)/.installed-tox ## the tests on every supported Python that is here, without REST framework, and of the wheel
	@rm -rf build # a wheel would hold what is left there of files that are no more
	@$(BIN)/tox run $(TOX_ARGS)

bench: $(VENV)/.installed-bench ## measure what errors cost, beside Django and other packages
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

mutants: $(VENV)/.installed-mutants ## break the modules that decide, line by line, and list what no test notices
	@$(BIN)/mutmut run $(MUTANTS); $(BIN)/mutmut results

clean: ## remove the environments and all that was made
	@rm -rf $(VENV) .tox build dist mutants *.egg-info .coverage .coverage.* htmlcov staticfiles *.sqlite3 docs/_build
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

# Before anything is made: a port that is taken, or none, is told at once, by the Python that is
# there. Where there is none, that is told when the environment is to be made.
port:
	@python=$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)); \
	    ! command -v $$python >/dev/null || $$python -m testproject.port

site: $(VENV)/.installed-demo
	@echo 'Making the database of the demo site ...'
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) seed_demo

$(VENV)/.installed-tox: | $(BIN)/python
	@echo 'Installing tox ...'
	@$(PIP) 'tox>=4.20'
	@touch $@

$(VENV)/.installed-%: setup.cfg pyproject.toml | $(BIN)/python
	@echo 'Installing the package, and what "$*" needs, which takes a minute or two:'
	@rm -f $@
	@{ $(BIN)/python -m pip install --disable-pip-version-check --editable '.[$*]' 2>&1 && touch $@; } | \
	    awk '/^ *Collecting/ { sub(/[^A-Za-z0-9._-].*/, "", $$2); print "  " $$2; fflush() } \
	         /^ *(ERROR|error)/ { failed = 1 } failed'
	@test -f $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Python 3.11 or newer is needed, and "$(PYTHON)" is not that. Try: make PYTHON=python3.13 ...' >&2; \
	    exit 1; }
	@echo 'Making the environment in $(VENV) ...'
	@$(PYTHON) -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo 'The venv module of $(PYTHON) does not work; Debian has it in the package python3-venv.' >&2; \
	    exit 1; }
