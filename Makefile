# `make demo` and `make test` are all a newcomer needs; both set up what they use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests wait for others (children, leases, browsers) a third of their time: there is work for one more.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# What the demonstration mends: a poster without bleed, a brochure with hairlines, a logo, a card that needs nothing.
DEMO_FIXED := brochure.pdf business-card.pdf logo.png poster-midsummer.pdf

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' src/makeready/__init__.py)

# Extras that the tests use.
EXTRAS := ai ai-creative edit openvino service

.DEFAULT_GOAL := help
.PHONY: help demo test test-diffusers lint format generate bench docs docs-serve dist sbom lock clean

help:  ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 22

demo: $(VENV)/.service  ## Make a few realistic files, check them, mend some, write reports, ask a running service
	@$(BIN)/python -m makeready.testing.demo demo/artwork
	@echo
	@# 1 and 3 are what is meant to be found here: issues, and a file that was cut off on its way.
	@$(BIN)/makeready check demo/artwork -q --no-progress -o demo/report.html || [ $$? -le 3 ]
	@$(BIN)/makeready check demo/artwork -q --no-progress --only 'IMG*,BOX*,FNT*' || [ $$? -le 3 ]
	@echo
	@$(BIN)/makeready stars demo/artwork/canvas-photo.jpg --canvas 30x20in --product photo_on_canvas
	@echo
	@$(BIN)/makeready fix $(DEMO_FIXED:%=demo/artwork/%) --profile poster --allow review -o demo/mended --overwrite \
	  --report demo/fixed.html -q --no-progress || [ $$? -le 3 ]
	@echo
	@$(BIN)/python -m makeready.testing.demo_service demo/artwork
	@echo
	@echo "The report, with pictures of the pages, is in $(CURDIR)/demo/report.html"
	@echo "What was mended, before and after, is in $(CURDIR)/demo/fixed.html"

test: $(VENV)/.dev  ## Run the tests; missing outside programs are skipped, in CI they fail
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-diffusers: $(VENV)/.diffusers  ## Run the tests of makeready-diffusers, with torch (1 GB) in an environment of its own
	$(VENV)/diffusers/bin/python -m pytest plugins/makeready-diffusers -p no:cacheprovider

lint: $(VENV)/.dev  ## Style, types, import layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --check

format: $(VENV)/.dev  ## Put the code in the common layout
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(VENV)/.dev  ## Write the pages and schemas that are made from declarations
	$(BIN)/python tools/generate.py

bench: $(VENV)/.dev  ## Measure, against peers that are installed
	@mkdir -p benchmarks/results
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-columns=median,iqr,rounds -s -p no:randomly \
	  --benchmark-json=benchmarks/results/latest.json

docs: generate $(VENV)/.docs  ## Build the site of docs/ into site/, and check its links
	@$(VENV)/docs/bin/python tools/website.py

docs-serve: generate $(VENV)/.docs  ## Serve the site, and build again what changes
	@$(VENV)/docs/bin/python tools/website.py --serve

# Built twice from one commit, the files are the same: their times are the commit's.
dist: $(VENV)/.core  ## Build the wheel and the sdist into dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t sdist -t wheel -d dist

sbom: $(VENV)/.release $(VENV)/.all  ## Write the bill of materials of all that users install into dist/
	@mkdir -p dist
	@$(VENV)/release/bin/python tools/sbom.py $(VENV)/all/bin/python dist/makeready-$(VERSION).cdx.json

lock: $(VENV)/.core  ## Resolve the versions that everybody installs
	$(BIN)/python -m pip install --quiet uv
	printf 'hatchling\neditables\n' | $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
	  --upgrade --custom-compile-command "make lock" - -o requirements/build.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" pyproject.toml -o requirements/core.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" --extra service -c requirements/core.txt pyproject.toml -o requirements/service.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" --extra all -c requirements/service.txt pyproject.toml -o requirements/all.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" --group dev $(EXTRAS:%=--extra %) -c requirements/all.txt pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" --group docs -o requirements/docs.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" --group release -o requirements/release.txt

clean:  ## Remove what was made here
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks dist build site

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "makeready needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing (Debian: apt install python3-venv)."; exit 1; }

$(VENV)/.core: requirements/core.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/core.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.service: requirements/service.txt $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/service.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e plugins/makeready-example \
	  -e plugins/makeready-ghostscript -e plugins/makeready-openai-images -e plugins/makeready-diffusers
	@touch $@

# What builds the site is needed by nothing else.
$(VENV)/.docs: requirements/docs.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/docs
	$(VENV)/docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)/.release: requirements/release.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/release
	$(VENV)/release/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/release.txt
	@touch $@

# What users have who install everything, and nothing else: not even pip.
$(VENV)/.all: requirements/all.txt requirements/build.txt pyproject.toml $(VENV)/.core
	rm -rf $(VENV)/all
	$(PYTHON) -m venv --without-pip $(VENV)/all
	$(BIN)/python -m pip --python $(VENV)/all/bin/python install --quiet --require-hashes -r requirements/all.txt
	$(BIN)/python -m hatchling build -t wheel -d $(VENV)/all/dist
	$(BIN)/python -m pip --python $(VENV)/all/bin/python install --quiet --no-deps --no-index --force-reinstall $(VENV)/all/dist/*.whl
	@touch $@

# torch takes minutes to install and weighs a gigabyte: it stays out of the environment that everybody has.
$(VENV)/.diffusers: plugins/makeready-diffusers/pyproject.toml requirements/core.txt requirements/build.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/diffusers
	$(VENV)/diffusers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/core.txt -r requirements/build.txt
	$(VENV)/diffusers/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e . \
	  -e 'plugins/makeready-diffusers[run]' 'pytest>=8.3' 'pytest-benchmark>=5.1'
	@touch $@
