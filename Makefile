# Tillstream. `make demo` and `make test` do all their own set-up; `make help` lists the rest.
PYTHON ?= python3
KAFKA_IMAGE ?= apache/kafka:4.1.0
FUZZ_SECONDS ?= 60
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo demo-kafka test test-containers check bench bench-ledger fuzz simulate chaos chaos-long chaos-check lock specs clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(VENV)/.runtime  ## build .venv with .venv/bin/tillstream from the lock

demo: $(VENV)/.runtime  ## signed callbacks of seven providers become events, on the embedded log
	@$(BIN)/python -m deploy.demo

demo-kafka: $(VENV)/.runtime  ## the same on Apache Kafka, started for the occasion
	@$(BIN)/python -m deploy.demo --kafka

PURE := tests/unit tests/golden tests/conformance tests/property tests/simulation

test: check  ## everything: unit, property, vectors, conformance, both logs, end to end on Kafka
	$(BIN)/python -m pytest -q -n 2 --dist worksteal $(PURE)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile $(addprefix --ignore=,$(PURE))

test-containers: $(VENV)/.test  ## the Kafka suites alone, on KAFKA_IMAGE in a container, or failure
	TILLSTREAM_TEST_BROKER=container KAFKA_IMAGE=$(KAFKA_IMAGE) $(BIN)/python -m pytest \
	  -k "not embedded" tests/integration/test_log_contract.py \
	  $(wildcard tests/integration/test_kafka_*.py tests/e2e/test_*.py)

check: $(VENV)/.test  ## format, lint, types, import layers, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m streams.specs --check

bench: $(VENV)/.test  ## CPU per callback of each stage, as ratios in one run
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.providers

bench-ledger: $(VENV)/.test  ## settle beside a ledger of PAYMENTS=100000 2000000: memory, CPU, restore
	$(BIN)/python -m tests.bench.ledger $(PAYMENTS)

fuzz: $(VENV)/.fuzz  ## coverage-guided fuzzing of every provider, FUZZ_SECONDS=60
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

specs: $(VENV)/.test  ## generate schemas, AsyncAPI, OpenAPI, Postman collection, topic definitions
	$(BIN)/python -m streams.specs

SEEDS ?= 2000
FROM ?= 0
simulate: $(VENV)/.test  ## the main path on a simulated Kafka, SEEDS=2000 seeds FROM=0 on
	@$(BIN)/python -m tests.simulation --count $(SEEDS) $(FROM)

SEED ?=
MINUTES ?= 60
chaos: $(VENV)/.test  ## faults at every step on a real broker, about 7 minutes; SEED= repeats one
	@$(BIN)/python -m tests.chaos run --minutes 5 $(if $(SEED),--seed $(SEED))

chaos-long: $(VENV)/.test  ## the same for MINUTES=60, then as long on three brokers
	@$(BIN)/python -m tests.chaos run --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.chaos run --minutes $(MINUTES) --brokers 3 $(if $(SEED),--seed $(SEED))

chaos-check: $(VENV)/.test  ## judge a history again: FILE=
	@$(BIN)/python -m tests.chaos check $(FILE)

lock: $(VENV)/.test  ## resolve the lock files again
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" --python-version 3.11 \
	  pyproject.toml --group runtime-build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" --python-version 3.11 \
	  pyproject.toml --group runtime-build --group test -c requirements.lock -o requirements-test.lock
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --python-version 3.11 \
	  tests/fuzz/requirements.in -o requirements-fuzz.lock

clean:  ## remove what set-up, demo and tests made
	rm -rf $(VENV) .cache .tillstream .mypy_cache .ruff_cache .pytest_cache .hypothesis

# uv is ten times faster where it is there; plain pip does the same.
ifneq ($(UV),)
install = $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1)
else
install = $(BIN)/python -m pip install --quiet --require-hashes -r $(1)
endif

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV)"
	@$(call install,requirements.lock)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.runtime
	@echo "setting up $(VENV) for the tests"
	@$(call install,requirements-test.lock)
	@touch $@

$(VENV)/.fuzz: requirements-fuzz.lock $(VENV)/.test
	@$(call install,requirements-fuzz.lock)
	@touch $@
