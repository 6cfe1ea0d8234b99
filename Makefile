# The developers' commands: `make help` lists them. Each is a thin call: the work is in noxfile.py and tests/tools/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV ?= .venv
# SETUP=skip takes the virtual environment as it is.
SETUP ?= auto
# How many steps run at the same time.
JOBS ?= 2

# Everything that tools write stays inside the clone. pip goes on reading the user's own configuration.
CACHE := $(CURDIR)/.cache
PIP_CONFIG_FILE ?= $(firstword $(wildcard $(HOME)/.config/pip/pip.conf $(HOME)/.pip/pip.conf))
export PIP_CONFIG_FILE := $(PIP_CONFIG_FILE)
# Where a developer's own keys are, for the one command that uses them.
USER_HOME := $(HOME)
USER_CONFIG := $(or $(XDG_CONFIG_HOME),$(HOME)/.config)
export HOME := $(CACHE)/home
export TMPDIR := $(CACHE)/tmp
export XDG_CACHE_HOME := $(CACHE)/xdg/cache
export XDG_CONFIG_HOME := $(CACHE)/xdg/config
export XDG_DATA_HOME := $(CACHE)/xdg/data
export XDG_STATE_HOME := $(CACHE)/xdg/state
unexport XDG_RUNTIME_DIR
export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export ANSIBLE_HOME := $(HOME)/.ansible
# Modules on a local connection look up the home of the user in the password file, whatever HOME says.
export ANSIBLE_REMOTE_TEMP := $(ANSIBLE_HOME)/tmp
export ANSIBLE_ASYNC_DIR := $(ANSIBLE_HOME)/async
# No test may meet a developer's own account or settings.
unexport ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH PYTHONPATH
USER_SETTINGS := $(filter COMPSHARE_%,$(.VARIABLES))
unexport $(USER_SETTINGS)
# What Python has compiled is kept: collecting the tests takes half as long.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := $(VENV)/bin/python
NOX := $(PYTHON) -m nox --no-error-on-missing-interpreters -s
RUN_STEPS := $(PYTHON) -m tests.tools.run_steps
COLLECTIONS = $$($(PYTHON) -m tests.tools.trees)
DEMO := examples/find_and_build.yml -e region=cn-wlcb

# No command is a file to be made, and a word that is none is a mistake, also where a folder has that name.
.PHONY: $(MAKECMDGOALS) setup setup-demo
COMMANDS := $(shell sed -n 's/^\([a-z-]*\):.*\#\#.*/\1/p' $(MAKEFILE_LIST)) setup-demo
$(filter-out $(COMMANDS),$(MAKECMDGOALS)):
	@echo "There is no command $@; make help lists them." >&2; exit 2

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

setup: ## Install everything that tests and checks need into VENV
	@SETUP=$(SETUP) tests/tools/set_up.sh $(VENV) dev

setup-demo:
	@SETUP=$(SETUP) tests/tools/set_up.sh $(VENV) demo

# --- For users ---------------------------------------------------------------

demo: setup-demo ## Run the example playbook against the simulator: no account, no cost
	@ANSIBLE_COLLECTIONS_PATH="$(COLLECTIONS)" $(PYTHON) -m tests.simulator --speed 60 -- \
	  $(VENV)/bin/ansible-playbook $(DEMO) -e instance_id=uhost-1auk8k6wxj3m
	@printf '%s\n' "" "The same playbook on your account:" \
	  "  export COMPSHARE_PUBLIC_KEY=… COMPSHARE_PRIVATE_KEY=…   (or: compshare config, the vendor's CLI profile is read)" \
	  "  $(VENV)/bin/ansible-playbook $(DEMO) -e instance_id=uhost-…"

# Settings: PORT, SPEED, SCENARIO=FILE.
simulator: setup-demo ## Run the simulator, to try playbooks on: no account, no cost
	@$(PYTHON) -m tests.tools.trees >/dev/null
	@$(PYTHON) -m tests.simulator --how-to --port $(or $(PORT),8765) --speed $(or $(SPEED),60) \
	  --scenario $(or $(SCENARIO),tests/docs/scenario.yml)

check-account: export HOME := $(USER_HOME)
check-account: export XDG_CONFIG_HOME := $(USER_CONFIG)
$(foreach name,$(USER_SETTINGS),$(eval check-account: export $(name) := $(value $(name))))
check-account: setup-demo ## Compare the real API with what the collection assumes: your keys, read-only, about a minute
	@mkdir -p build && ANSIBLE_COLLECTIONS_PATH="$(COLLECTIONS)" \
	  $(VENV)/bin/ansible-playbook playbooks/check_account.yml -e check_path='$(CURDIR)/build/compshare-check.md'

# --- Single steps: each is a session of noxfile.py ---------------------------

quick-lint: ## ruff, mypy, yamllint, shellcheck, changelog fragments, workflows
unit: ## Unit tests that are not slow, with coverage; ARGS="-k name" for pytest
slow-unit: ## Unit tests that are slow; ARGS="-k name"
playbooks: ## Examples, roles and live lines in real playbooks; ARGS="-k name"
reliability: ## Faults, untrusted data, load, interrupts, in short; ARGS="-k name"
sanity: ## ansible-test sanity; ARGS="--test validate-modules"
integration: ## ansible-test integration; TARGET="name other" DIALECT=documented
docs: ## Check all documentation, and build the site in build/docs/html
test-docs: ## Follow README, guides and examples word for word; ARGS="-k name"
package: ## Build the artifact twice, judge it as Galaxy does, install it and use it
changelog: ## Take fragments and new modules into CHANGELOG.md
pins: ## Write requirements/*.txt anew from requirements/*.in
quick-lint unit slow-unit playbooks reliability sanity integration docs test-docs package changelog pins: setup
	@SIMULATOR_DIALECT=$(or $(DIALECT),recorded) $(NOX) $@ -- $(ARGS) $(TARGET)

# These count as a step of .ci/run, too.
examples: ## Install the artifact into a clean environment, and run every example from there; ARGS="-k name"
test-eda: ## Run the rulebooks with ansible-rulebook; needs Java 17 (Debian: openjdk-17-jre-headless); ARGS="-k name"
examples test-eda: setup
	@$(if $(ARGS),$(NOX) $@ -- $(ARGS),$(RUN_STEPS) 1 $@)

# --- Many steps --------------------------------------------------------------

# The longest come first, so that short ones fill what time is left.
LINTERS := quick-lint lint extra-checks license-check ansible-lint
TESTS := reliability sanity unit slow-unit package docs docs-check docs-pages $(LINTERS)
SLOW_TESTS := integration playbooks
check: STEPS := quick-lint quick-unit ## The fast loop: linters, and unit tests that take neither seconds nor generated examples
lint: STEPS := $(LINTERS) ## All linters
test: STEPS := $(TESTS) ## Linters, documentation, artifact, unit tests, sanity and reliability, with one line of totals
test-slow: STEPS := $(SLOW_TESTS) ## Integration targets, and examples, roles and live lines in real playbooks
test-all: STEPS := $(SLOW_TESTS) $(TESTS) examples test-eda ## Everything on one core: test, test-slow, examples, test-eda
check lint test test-slow test-all: setup
	@$(RUN_STEPS) $(JOBS) $(STEPS)

test-matrix: setup ## What depends on the core, on every supported core; CORES="2.16 2.22"; QUICK=1 leaves out playbooks
	@QUICK=$(QUICK) $(PYTHON) -m tests.tools.matrix $(JOBS) $(CORES)

test-long: setup ## The same in full, 10,000 examples of each property, fuzzing; writes docs/reliability.md
	@rm -rf build/reliability
	@$(RUN_STEPS) 1 reliability-long properties-long fuzz
	@$(PYTHON) -m tests.reliability.page

# --- What is written or measured ---------------------------------------------

format: setup ## Format the code, and mend what ruff can mend
	@$(PYTHON) -m ruff check --fix --quiet .
	@$(PYTHON) -m ruff format .

look: ## Take pictures of the report in a browser, into build/look (Debian: apt-get install chromium fonts-noto-cjk)
error-guide: ## Write the tables of RetCodes in the guides anew
pictures: ## Draw the pictures of README.md from real runs
look error-guide pictures: setup
	@PYTHONPATH="$(COLLECTIONS)" $(PYTHON) -m tests.tools.$(subst -,_,$@)

bench: setup ## Measure speed, and write docs/benchmarks.md; ONLY="listing tasks" and QUICK=1 only print, unless WRITE=1
	@$(PYTHON) -m tests.benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(ONLY)$(QUICK),$(if $(WRITE),--write),--write)

clean: ## Remove everything that make has made
	rm -rf .venv .cache .nox build collections .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage* tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
