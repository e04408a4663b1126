# What a person can do here; `make` alone lists it. Plain enough for the GNU make 3.81 that macOS ships.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lab demo test lint format stubs notebooks gallery lock .env python clean venv stale

BIN := .venv/bin
# Written last, so a .venv without it is half made. Holds the folder it was made in: a venv cannot be moved.
STAMP := .venv/.set-up
HERE = [ "`cat $(STAMP) 2>/dev/null`" = "`pwd -P`" ] && [ -x $(BIN)/python ]
STALE := $(shell $(HERE) || echo stale)

UV ?= $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
NEW_VENV = "$(UV)" venv --quiet --seed --python "$(PYTHON)" .venv
INSTALL = "$(UV)" pip install --quiet --python $(BIN)/python
CAN_MAKE_VENV = import sys
ADVICE = uv could not do it. To let pip try: make setup UV=
else
NEW_VENV = "$(PYTHON)" -m venv .venv
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check
CAN_MAKE_VENV = import ensurepip
ADVICE = pip could not do it: see above, then make setup again.
endif
OR_ADVISE = || { echo "$(ADVICE)" >&2; exit 1; }

# Sets $$python to the newest one that really runs (a pyenv shim may not) and can make a venv.
CANDIDATES = $(if $(PYTHON),"$(PYTHON)",python3.14 python3.13 python3.12 python3.11 python3)
PATH_OF_PYTHON = import sys; (3, 11) <= sys.version_info[:2] < (3, 15) or sys.exit(1); print(sys.executable)
define FIND_PYTHON
python=; bare=; \
for candidate in $(CANDIDATES); do \
	path=`"$$candidate" -c '$(PATH_OF_PYTHON)' 2>/dev/null` || continue; \
	if "$$path" -c '$(CAN_MAKE_VENV)' 2>/dev/null; then python=$$path; break; fi; \
	bare=$$path; \
done; \
if [ -z "$$python$$bare" ]; then \
	echo "No Python 3.11 to 3.14 runs here: install one, or name it with PYTHON=/path/to/python3." >&2; exit 1; \
elif [ -z "$$python" ]; then \
	package=`"$$bare" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'`; \
	echo "$$bare cannot make a venv: run 'apt install $$package' as root, then try again." >&2; exit 1; \
fi
endef

# Two set-ups never work on .venv at once; the lock lives as long as anything that the set-up started.
ALONE = import fcntl, os, sys; lock = open("Makefile", "r+"); fcntl.flock(lock, fcntl.LOCK_EX); \
	os.set_inheritable(lock.fileno(), True); os.execvp(sys.argv[1], sys.argv[1:])

help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z.]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## makes .venv and installs everything into it, once (PYTHON=... to choose; UV= for pip)

lab: setup ## sets up and opens JupyterLab on the notebooks
	@$(BIN)/bookstore lab

demo: setup ## sets up and runs the main job without a browser
	@$(BIN)/bookstore demo

test: lint ## sets up and runs everything: style, types, imports, tests, notebooks
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest --nbval --nbval-current-env notebooks

lint: setup ## checks style, types and the direction of imports
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## formats the code and mends what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

stubs: setup ## generates bookstore_lib/pb from protos/ again
	$(BIN)/python protos/generate.py

notebooks: setup ## runs the notebooks again, in place
	$(BIN)/python -m jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb
	$(BIN)/nbstripout --keep-output --keep-count notebooks/*.ipynb

gallery: setup ## draws docs/gallery.md and its figures again
	$(BIN)/python -m tests.gallery

lock: ## pins constraints.txt again (needs uv); keeps each pin that still fits
	@[ -n "$(UV)" ] || { echo "make lock needs uv, which resolves for all Pythons at once: pip install uv" >&2; exit 1; }
	@echo "Pinning constraints.txt"
	@"$(UV)" pip compile --quiet --universal --python-version 3.11 --no-python-downloads --fork-strategy fewest \
		--no-annotate --custom-compile-command "make lock" --extra dev --output-file constraints.txt pyproject.toml
	@# Only CPython on Linux and macOS counts here.
	@sed -E -e "/(sys_platform == 'win32'|os_name == 'nt')$$/d" -e "s/ ; .*(PyPy|pypy|emscripten).*//" \
		constraints.txt > constraints.tmp && mv constraints.tmp constraints.txt

.env: ## makes the secret that docker compose needs, once
	@grep -qs '^BOOKSTORE_CARD_KEY=' .env || { umask 077; \
		echo "BOOKSTORE_CARD_KEY=`head -c 32 /dev/urandom | base64 | tr '+/' '-_'`" >> .env; chmod 600 .env; }

python: ## says which Python setup takes
	@$(FIND_PYTHON); echo "$$python"

clean: ## removes .venv and every cache
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt $(STALE)
	@$(FIND_PYTHON); exec "$$python" -c '$(ALONE)' "$(MAKE)" --no-print-directory PYTHON="$$python" venv

# Only ever called by the rule above, alone. Looks again: the set-up it waited for may have done the work.
venv:
	@set -e; \
	if $(HERE) && [ $(STAMP) -nt pyproject.toml ] && [ $(STAMP) -nt constraints.txt ]; then exit 0; fi; \
	if $(HERE); then \
		rm -f $(STAMP); \
	else \
		echo "Making .venv with $(PYTHON)"; \
		rm -rf .venv; \
		$(NEW_VENV) $(OR_ADVISE); \
	fi; \
	echo "Installing the packages into .venv (a minute or two the first time)"; \
	$(INSTALL) -e '.[dev]' -c constraints.txt $(OR_ADVISE); \
	pwd -P > $(STAMP); \
	echo "Ready: .venv/bin/bookstore"
