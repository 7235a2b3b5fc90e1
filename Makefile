# Ardoise. With Python 3.11 or later and make: `make demo` to see it, `make test` to check it.
# PYTHON=/path/to/python chooses the interpreter; everything installed goes to .venv, from hashed locks.

SHELL := /bin/sh
RUN := .venv/.installed-run
DEV := .venv/.installed-dev

.PHONY: help demo serve test check format bench lock clean

help:
	@echo "make demo    install, load the three towns, play their story and serve http://127.0.0.1:8000"
	@echo "make serve   install and serve what the settings name (docs/operating.md)"
	@echo "make test    install and run the whole test suite on the embedded PostgreSQL"
	@echo "make check   format, lint, types and import contracts"
	@echo "make format  put the code in the form that check wants"
	@echo "make bench   measure commands and queries per second"
	@echo "make lock    choose the newest versions of the libraries again"
	@echo "make clean   remove .venv and caches; your data in .ardoise stays"

demo: $(RUN)
	@.venv/bin/ardoise demo

serve: $(RUN)
	@.venv/bin/ardoise serve

# A file is run by one process: its tests share a database and a service.
IN_PARALLEL = --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test: $(DEV)
	.venv/bin/python -m pytest $(or $(ARGS),$(IN_PARALLEL))

check: $(DEV)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: $(DEV)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: $(DEV)
	.venv/bin/python -m benchmarks $(ARGS)

# The locks hold names, versions and hashes only: where to download from is the business of your pip.
LOCK = PYTHONWARNINGS=ignore .venv/bin/python -m piptools compile --quiet --upgrade --allow-unsafe --all-build-deps --generate-hashes \
	--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header \
	--no-annotate --resolver=backtracking --newline=lf

lock: $(DEV)
	$(LOCK) --only-build-deps --output-file requirements/build.txt pyproject.toml
	$(LOCK) --constraint requirements/build.txt --output-file requirements/run.txt pyproject.toml
	$(LOCK) --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One library comes as source: it is built, as we are, by the setuptools of the lock and not by the newest there is.
INSTALL = PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation

$(RUN): requirements/build.txt requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "Installing Ardoise into .venv (about a minute the first time) …"
	@$(INSTALL) --require-hashes -r requirements/build.txt
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-deps -e .
	@touch $@

$(DEV): requirements/build.txt requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "Installing Ardoise and its tools into .venv (about a minute the first time) …"
	@$(INSTALL) --require-hashes -r requirements/build.txt
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps -e .
	@touch $@ $(RUN)

.venv/bin/python:
	@if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi; \
	for python in "$$@"; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -m venv --clear .venv && exit 0; \
			echo "$$python cannot make a virtual environment (on Debian: apt install python3-venv)." >&2; \
			rm -rf .venv; exit 1; \
		fi; \
	done; \
	echo "Ardoise needs Python 3.11 or later, and found none in: $$*." >&2; \
	echo "Say where it is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	exit 1
