# mathtune's commands. Each sets up .venv by itself, from requirements.lock.
#   another torch build:  make repro TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
TORCH ?=
VENV := .venv
READY := $(VENV)/.ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1

.DEFAULT_GOAL := help
.PHONY: help repro test bench lint data base pull

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 8

$(READY): requirements.lock $(wildcard packages/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "error: mathtune needs Python 3.11 or later; say make PYTHON=python3.12 …")'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(if $(TORCH),$(VENV)/bin/python -m pip install --quiet $(TORCH))
	$(VENV)/bin/python -m pip install --quiet --requirement requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation $(foreach package,$(sort $(wildcard packages/*)),--editable $(package))
	@touch $@

pull: $(READY)
	@test -d data -a -d artifacts/pretrain_base || dvc pull --quiet data.dvc pretrain_base

repro: pull  ## run the whole experiment and print its table
	dvc repro
	mathtune table

test: pull  ## run the tests (SLOW=1: the slow ones too)
	OMP_NUM_THREADS=1 python -m pytest --numprocesses logical --maxprocesses 8 \
		-m "$(if $(SLOW),,not slow and )not benchmark and not gpu"

bench: pull  ## time the parts whose speed matters against what one would use instead
	python -m pytest tests/benchmarks -m benchmark --benchmark-columns=min,median,rounds --benchmark-sort=name

lint: $(READY)  ## check style, types and the packages' floors
	ruff check .
	ruff format --check .
	mypy packages/*/src
	lint-imports

data: $(READY)  ## draw the built-in problem set again and store it
	python -m mathtune_styles.builtin.problem_set data/problems.jsonl
	dvc add data
	dvc push data.dvc

base: pull  ## rebuild the tiny base model (half an hour on two cores) and store it
	sed -i.frozen 's/^    frozen: true$$/    frozen: false/' dvc.yaml  # dvc unfreeze cannot write a file with templates
	dvc repro --force --single-item pretrain_base; status=$$?; mv dvc.yaml.frozen dvc.yaml; exit $$status
	dvc push pretrain_base
