# TempStudio: `make run` and `make test` are all one needs; each does its own set-up.
PYTHON ?= python3
PROJECT ?= sample_projects/llama2-7b-6x8.tempstudio
VENV_PYTHON := .venv/bin/python
PYTEST := $(VENV_PYTHON) .setup/test.py

.DEFAULT_GOAL := help
.PHONY: help ready run test slow study bench fuzz lint screenshots clean distclean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

ready: ## set up .venv, packages, example plugins and, as root, Qt's system libraries
	@$(PYTHON) .setup/prepare.py

run: ready ## open the first sample; without a display run it and write a picture (PROJECT=FILE)
	@$(VENV_PYTHON) .setup/show.py "$(PROJECT)"

test: ready ## the fast tests
	@$(PYTEST) -n auto --maxprocesses 4 --dist worksteal -m "not slow and not study and not bench and not fuzz"

slow: ready ## the tests that take longer
	@$(PYTEST) -m slow

study: ready ## the evaluation, into docs/evaluation.md and .html; goes on after an interruption
	@.venv/bin/tempstudio study --out docs --journals out/study

bench: ready ## the speed figures, as ratios
	@$(PYTEST) -s -m bench

fuzz: ready ## broken input of every kind
	@$(PYTEST) -s -m fuzz

lint: ready ## ruff, mypy, import rules; names files that have grown long
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy
	@$(VENV_PYTHON) -c "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
	@find tempstudio tests -name '*.py' -exec wc -l {} + | awk '$$1 > 350 && $$2 != "total" {print "long: " $$2 ", " $$1 " lines"}'

screenshots: ready ## pictures of every view, both themes, in out/screenshots
	@QT_QPA_PLATFORM=offscreen $(VENV_PYTHON) -m tempstudio.gui.screenshots out/screenshots

clean: ## remove what was made, but not .venv
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv
