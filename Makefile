# make demo   the main job on a sample case, in an environment of its own
# make test   linters and all tests but the slow ones, in an environment with pinned versions
# make test-slow  the tests that take longer than ten seconds each
# make simulations   how often decisions and intervals are wrong: the tables of docs/intervals.md
# make fuzz   more than 5,000 damaged files, kills, full disks and the like, ten times as often as in `make test`
# make mutants  breaks chosen lines of the code, one at a time, and says where no test notices
# make docs   the documentation as a site, in build/site; a broken link is an error
# All take a Python of 3.10 to 3.13: `make demo PYTHON=python3.12`.

PYTHON ?= python3
CONSTRAINTS := requirements/constraints-py311.txt
INSTALL := -m pip install --disable-pip-version-check --quiet
DEMO_FOLDER := demo-output

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow fuzz mutants docs simulations clean

help:
	@sed -n 's/^# //p' Makefile

demo: .venv/installed
	.venv/bin/superres-radiomics demo --out $(DEMO_FOLDER)

test: .venv-test/installed
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy
	OMP_NUM_THREADS=1 .venv-test/bin/python -m pytest --numprocesses auto --dist loadfile -m "not slow"

test-slow: .venv-test/installed
	OMP_NUM_THREADS=1 .venv-test/bin/python -m pytest --numprocesses auto --dist load -m slow

fuzz: .venv-test/installed
	SUPERRES_FUZZ_EXAMPLES=300 SUPERRES_TRIES=10 OMP_NUM_THREADS=1 \
		.venv-test/bin/python -m pytest Testing/reliability --timeout 7200 -s
	.venv-test/bin/python -m Testing.reliability.soak --rounds 500

mutants: .venv-test/installed
	.venv-test/bin/python -m Testing.mutants.mutants

docs: .venv-docs/installed
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict
	@echo "Open build/site/index.html"

.venv-docs/installed: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) requirements/check_python.py
	@$(PYTHON) -m venv --clear .venv-docs
	@.venv-docs/bin/python $(INSTALL) $(call constraints,.venv-docs) --editable ".[docs]"
	@touch $@

# A torch that the chosen Python already has is used, with the versions that surround it; else 3.11 takes the
# pinned versions and the others what pip finds for them.
.venv/installed: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) requirements/check_python.py
	@sh requirements/system-packages.sh demo $(PYTHON)
	@echo "Creating the environment .venv (some minutes the first time)"
	@$(PYTHON) -m venv --clear --without-pip --system-site-packages .venv
	@if .venv/bin/python -c "import torch" 2>/dev/null; \
	then $(PYTHON) -m venv --clear --system-site-packages .venv; \
	     .venv/bin/python $(INSTALL) --editable ".[cli,pyradiomics]"; \
	else $(PYTHON) -m venv --clear .venv; \
	     .venv/bin/python $(INSTALL) $(call constraints,.venv) --editable ".[cli,pyradiomics,torch]"; \
	fi
	@touch $@

.venv-test/installed: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) requirements/check_python.py
	@sh requirements/system-packages.sh test $(PYTHON)
	@echo "Creating the environment .venv-test (some minutes the first time)"
	@$(PYTHON) -m venv --clear .venv-test
	@.venv-test/bin/python $(INSTALL) $(call constraints,.venv-test) --editable ".[cli,pyradiomics,fast,study,torch,train,docs,test]"
	@touch $@

constraints = $$($(1)/bin/python -c "import sys; print('--constraint $(CONSTRAINTS)' * (sys.version_info[:2] == (3, 11)))")

simulations: .venv-test/installed
	.venv-test/bin/python -m benchmarks.cohort_verdicts
	.venv-test/bin/python -m benchmarks.intervals

clean:
	rm -rf .venv .venv-docs .venv-test build $(DEMO_FOLDER)
