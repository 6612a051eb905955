# Thin: every target makes .venv where it is missing and calls the sandbox command.
VENV := .venv
SANDBOX := $(VENV)/bin/sandbox
LISTS := requirements/runtime.txt requirements/setup.txt pyproject.toml $(wildcard requirements/npm/*.json)
ARGS ?=
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

$(VENV)/.ready: $(LISTS)
	@requirements/setup.sh

$(VENV)/.ready-dev: $(LISTS) requirements/dev.txt $(wildcard requirements/npm-dev/*.json)
	@requirements/setup.sh dev

.PHONY: help setup up down restart status doctor shell logs test lint format bench clean

help: ## this list
	@if [ -x $(SANDBOX) ]; then $(SANDBOX) welcome; else \
	printf '%s\n' '' '  Cloud sandbox: AWS labs on your own machine.' '' \
	  '  make lab-1      set everything up (once, about a minute) and start lab 1' \
	  '  make check-1    score your work, with reasons' \
	  '  make demo-1     watch the finished lab' \
	  '  make setup      only set up' ''; fi

setup: $(VENV)/.ready ## install everything into .venv

# make lab-7 is: sandbox lab 7
lab-% check-% watch-% hint-% reset-% solution-% demo-% submit-%: $(VENV)/.ready
	@$(SANDBOX) $(firstword $(subst -, ,$@)) $* $(ARGS)

# make grade-7 SUBMISSION=path
grade-%: $(VENV)/.ready
	@$(SANDBOX) grade $* $(SUBMISSION) $(ARGS)

up down restart status doctor shell logs: $(VENV)/.ready
	@$(SANDBOX) $@ $(ARGS)

test: $(VENV)/.ready-dev ## run all tests
	@$(VENV)/bin/python -m pytest $(ARGS)

lint: $(VENV)/.ready-dev ## ruff, mypy and the labs' own linter
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(SANDBOX) lint-labs

format: $(VENV)/.ready-dev
	@$(VENV)/bin/ruff check --fix-only -q .
	@$(VENV)/bin/ruff format -q .

bench: $(VENV)/.ready ## measure, and print a table
	@$(VENV)/bin/python -m benchmarks $(ARGS)

clean: ## remove .venv (worlds and work stay)
	@rm -rf $(VENV)
