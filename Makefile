# `make book` and `make test` need Python 3.11 or newer and make; they fetch all else themselves.

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
HTML := _build/html
INSTALLED := $(VENV)/.installed
MODULES := node_modules/.installed
TOOLS := node_modules/.tools
VENDOR := book/_vendor/fonts/fonts.css
UV := $(shell grep "^uv==" requirements.lock)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help book serve test lint notebooks ledger bench lock clean

help: ## Say what each target does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

book: $(INSTALLED) $(VENDOR) ## Build the book and print its address
	@jupyter-book build . -W -n --keep-going
	@echo "The book: file://$(CURDIR)/$(HTML)/index.html"

serve: book ## Show the book at http://127.0.0.1:PORT (PORT=8000)
	@python -m http.server $(PORT) --bind 127.0.0.1 --directory $(HTML)

test: $(TOOLS) ## Check everything: style, types, library, notebooks, pages, packaging
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint book
	@CHROMIUM="$$(sh tools/chromium.sh)" sh tools/test.sh

lint: $(INSTALLED) $(TOOLS) ## Check style and types
	ruff check .
	ruff format --check .
	node_modules/.bin/pyright --pythonpath $(BIN)/python

notebooks: $(INSTALLED) ## Execute the notebooks whose code, or the library's, changed
	python tools/notebooks.py

ledger: $(INSTALLED) ## Rewrite the page "What has been checked" from the tests
	pytest -q -n 2 --dist loadfile tests/*.py tests/explore --ledger book/appendix/checked.json

bench: $(TOOLS) book ## Print the timings, each a ratio in one run
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python -m benchmarks

lock: $(INSTALLED) ## Remake requirements.lock from requirements.txt
	sh tools/lock.sh

clean: ## Delete everything that make made
	rm -rf $(VENV) node_modules book/_vendor _build build *.egg-info

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet $(UV)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

NPM_CI := npm ci --ignore-scripts --no-progress --loglevel error

# The book needs a tenth of the packages that its tests need.
$(MODULES): package-lock.json $(INSTALLED)
	@$(NPM_CI) --omit=dev
	@touch $@

$(TOOLS): $(MODULES)
	@$(NPM_CI)
	@touch $(MODULES) $@

$(VENDOR): $(MODULES) tools/vendor.py
	@python tools/vendor.py
