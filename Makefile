# Every target sets up what it needs in .venv, and does so once. A Python of 3.11 or newer is all that must be there.
PYTHON ?= python3
SETUP = @$(PYTHON) -m llmops_portal.local.environments
RUN = @.venv/portal/bin/python -m llmops_portal

.PHONY: help up demo status test lint docs bench bench-governance lock
help:  ## what can be made
	@sed -n 's/^\([a-z%-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

up:  ## start the portal with everything it needs; Ctrl-C stops it (PORT=8000, VAR=./var)
	$(SETUP) portal
	$(RUN).local up

demo:  ## the same, and take one model from dataset to governed answer (DEMO_EXIT=1 ends after it)
	$(SETUP) portal
	$(RUN).local demo

status:  ## what runs, and how much memory it takes
	$(SETUP) portal
	$(RUN).local status

test:  ## everything that needs no GPU and no cluster
	$(SETUP) dev train mlflow
	$(RUN).local.suite programs tests

lint:  ## format, lint, types, import contracts, migrations
	$(SETUP) dev
	$(RUN).local.suite static

docs:  ## build the documentation; every broken link is an error
	$(SETUP) dev
	$(RUN).local.suite docs

bench:  ## measure, print ratios against baselines, write docs/reference/benchmarks.md
	$(SETUP) dev train mlflow
	$(RUN).bench

bench-governance:  ## policies, lists, the audit log, and people who act at the same moment; ends in one JSON line
	$(SETUP) dev
	$(RUN).bench policies lists audit interleavings

lock:  ## resolve requirements/*.in anew into requirements/*.txt
	@$(PYTHON) -m llmops_portal.local.locks
