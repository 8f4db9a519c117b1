# Every target makes the virtual environment it needs; nothing else has to be installed but Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install demo demo-quick test report-test lint format benchmarks campaign-video-matrix clean

help:            ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/ -/'

install: $(VENV)/.installed  ## the virtual environment with everything that tests and demo need

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,lora,judge]'
	touch $@

demo: install    ## the whole job on simulated recordings, offline; prints where the report lies (up to 12 minutes)
	$(BIN)/actscribe demo

demo-quick: install  ## the same, smaller, within 3 minutes
	$(BIN)/actscribe demo --quick

test: install    ## all tests
	$(BIN)/python -m pytest

report-test: install  ## the reports in headless Chromium, which must be on the PATH: console, width, keyboard, A4
	$(BIN)/python -m pytest tests/report_in_chromium.py

lint: install    ## style, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install  ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: install  ## speed against the plain way, one table each
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

campaign-video-matrix: install  ## which frame is when: 100 kinds of video against ffprobe, mpv and Chromium (3 minutes)
	$(BIN)/python -m campaigns.video_matrix

clean:           ## caches and the demo's output; not the virtual environment
	rm -rf demo .pytest_cache .ruff_cache .mypy_cache .hypothesis
