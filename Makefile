# make help says what each target does.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
CHAPTERS := $(sort $(wildcard chapters/*.ipynb chapters/student/*.ipynb))
CH ?=
# chapters that make book executes at a time
JOBS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install book page shake test notebooks check lint serve bench \
  times clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

$(VENV)/.installed: pyproject.toml environment.yml tools/install.py \
    tools/install_detectron2.py
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) tools/install.py environment scan detectron2 sam2
	touch $@

install: $(VENV)/.installed ## make .venv and install everything into it

book: install notebooks ## execute the chapters and write the site
	$(PY) -c "from seglab.data import chest; chest.load_scan()"
	$(PY) tools/build_book.py --jobs $(JOBS)

page: install notebooks ## build one chapter: make page CH=04
	@test -n "$(CH)" || { echo "which chapter? make page CH=04"; exit 2; }
	$(PY) tools/build_book.py --page $(CH)

shake: install notebooks ## see which claims hang on rounding: make shake CH=07
	@test -n "$(CH)" || { echo "which chapter? make shake CH=07"; exit 2; }
	$(PY) tools/shake.py $(CH)

# Two workers share two cores: one thread each.
test: install ## unit tests, exercise checkers, every notebook at scale smoke
	SEGLAB_SCALE=smoke OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore \
	$(PY) -m pytest -n 2 --dist loadfile -q --durations=12 \
	  --doctest-modules tests seglab --ignore tests/site \
	  --nbval-lax --nbval-kernel-name warm $(CHAPTERS)

check: install ## look at the built site with a headless browser, network off
	$(PY) -m pytest -q -n 2 tests/site

notebooks: install ## write both notebooks of every chapter
	$(PY) tools/notebooks.py

lint: install ## ruff, mypy and codespell
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib

serve: ## show the built site at http://localhost:8000
	cd _build/html && ../../$(PY) -m http.server 8000

bench: install ## seglab beside its peers, as ratios
	$(PY) benchmarks/run.py

times: ## seconds that each chapter took in the last build
	$(PY) tools/build_book.py --times

clean: ## remove what was built, and keep .venv and the downloads
	rm -rf _build dist
