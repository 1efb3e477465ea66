# Part of MarketBus. Apache License 2.0, see LICENSE.
#
# make help lists the targets. CONFIG=FILE is handed to `up`; KAFKA_BOOTSTRAP_SERVERS names a cluster of your own.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT_FOLDERS := Package.swift Shared Services Tests
INTEGRATION := ^($(shell ls Tests/Integration | paste -sd'|'))\.
# The sanitizers' own signal handling holds real signals back.
SANITIZED := --skip '$(INTEGRATION)' --skip '^ArchitectureTests\.' --skip 'real signals'
PYTHON := .venv/bin/python
RECORDED := $(wildcard ../shared/data/recorded)
REPORTS := .build/reports
ifneq ($(RECORDED),)
export MARKETBUS_RECORDED_DATA ?= $(abspath $(RECORDED))
endif

.PHONY: help setup setup-tests build release demo up test conformance integration e2e twin-tests new-venue scale drills fuzz fuzz-inputs fuzz-sockets soak soak-demo sanitize \
	sanitize-thread \
	sanitize-address bench compose-up compose-down compose-check compose-try format lint clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

setup: ## install what building and running needs
	@deploy/scripts/setup.sh

setup-tests: ## the same with the Python environment of the tests
	@deploy/scripts/setup.sh --tests

build: setup ## a debug build of everything
	swift build

release: setup ## a release build of the programs
	swift build -c release

demo: release ## the whole suite on this machine with generated markets: nothing else needed
	.build/release/marketbus up --demo $(if $(CONFIG),--config $(CONFIG))

up: release ## the whole suite with the exchanges' public data
	.build/release/marketbus up $(if $(CONFIG),--config $(CONFIG))

test: setup-tests ## unit, venue, architecture and replay tests
	mkdir -p $(REPORTS)
	swift build --build-tests
	swift test --skip-build --disable-xctest --skip '$(INTEGRATION)' --xunit-output $(REPORTS)/unit.xml
	MARKETBUS_BIN=$${MARKETBUS_BIN:-$(CURDIR)/.build/debug} $(PYTHON) -m pytest Tests/Replay -q --junitxml $(REPORTS)/replay.xml

conformance: setup-tests release ## every recorded file against the oracle: writes Tests/Venues/CONFORMANCE.md
	cd Tests/Replay && MARKETBUS_BIN=$(CURDIR)/.build/release $(CURDIR)/$(PYTHON) -m conformance

integration: setup ## the edges on loopback, the embedded broker, and KAFKA_BOOTSTRAP_SERVERS where set
	mkdir -p $(REPORTS)
	swift build --build-tests
	swift test --skip-build --disable-xctest --filter '$(INTEGRATION)' --xunit-output $(REPORTS)/integration.xml

e2e: setup-tests release ## programs as processes: twin, feeds, broker, a Python reader
	mkdir -p $(REPORTS)
	MARKETBUS_BIN=$(CURDIR)/.build/release $(PYTHON) -m pytest Tests/EndToEnd -q -m 'not drill and not slow and not soak' --junitxml $(REPORTS)/e2e.xml

twin-tests: setup-tests release ## the exchange twin seen by clients that share no code with it, ccxt among them: minutes
	mkdir -p $(REPORTS)
	MARKETBUS_BIN=$(CURDIR)/.build/release $(PYTHON) -m pytest Tests/ExchangeTwin -q --junitxml $(REPORTS)/twin.xml

new-venue: setup-tests ## deploy/scripts/new-venue.sh on a scratch copy, built and tested: minutes
	$(PYTHON) -m pytest Tests/EndToEnd/test_new_venue.py -q -m slow

scale: setup-tests release ## 500 symbols of four channels on one feed, within the venues' limits: a minute or two
	MARKETBUS_BIN=$(CURDIR)/.build/release $(PYTHON) -m pytest Tests/EndToEnd/test_subscriptions.py -q -s -m slow

drills: setup-tests release ## counted faults (DRILL_COUNT=20: an hour or more); the report in .build/reports/drills.md
	mkdir -p $(REPORTS)
	MARKETBUS_BIN=$(CURDIR)/.build/release DRILL_REPORT=$${DRILL_REPORT:-$(REPORTS)/drills.md} \
	$(PYTHON) -m pytest Tests/EndToEnd -q -m drill --junitxml $(REPORTS)/drills.xml

fuzz: release ## FUZZ_FRAMES (100000) damaged frames a venue through decoder, pipeline and encoder, read back
	for venue in binance okx htx coinbase gateway; do .build/release/frame-fuzz --venue $$venue --count $${FUZZ_FRAMES:-100000} \
	$${MARKETBUS_RECORDED_DATA:+--corpus $$MARKETBUS_RECORDED_DATA/$$venue}; done

fuzz-inputs: setup ## FUZZ_RUNS (100000; 0: no bound) inputs of libFuzzer for FUZZ_TARGET (all), see Tests/Fuzz/README.md
	deploy/scripts/fuzz.sh $${FUZZ_TARGET:-all} $${FUZZ_RUNS:-100000}

fuzz-sockets: release ## FUZZ_CONNECTIONS (2000) to a server that sends mutated handshakes and frames
	MARKETBUS_BIN=$(CURDIR)/.build/release python3 Tests/Fuzz/sockets.py $${FUZZ_CONNECTIONS:-2000}

soak: setup-tests release ## four feeds at 5,000 messages/s and random faults for SOAK_SECONDS (120; the real one: 1800), on Apache Kafka
	mkdir -p $(REPORTS)
	MARKETBUS_BIN=$(CURDIR)/.build/release DRILL_REPORT=$${DRILL_REPORT:-$(REPORTS)/soak.md} \
	$(PYTHON) -m pytest Tests/EndToEnd -q -m soak --junitxml $(REPORTS)/soak.xml

soak-demo: setup-tests release ## the demo suite for SOAK_SECONDS (600): memory, descriptors, threads must not grow
	MARKETBUS_BIN=$(CURDIR)/.build/release $(PYTHON) deploy/scripts/soak.py --seconds $${SOAK_SECONDS:-600}

sanitize: sanitize-thread sanitize-address ## the unit and venue tests under the thread and address sanitizers

sanitize-thread: setup
	mkdir -p $(REPORTS)
	swift test --disable-xctest --sanitize=thread --scratch-path .build/thread $(SANITIZED) --xunit-output $(REPORTS)/thread.xml

sanitize-address: setup
	mkdir -p $(REPORTS)
	swift test --disable-xctest --sanitize=address --scratch-path .build/address $(SANITIZED) --xunit-output $(REPORTS)/address.xml

bench: release ## the benchmarks with their floors in the same run; BENCH="--record" dates them in RESULTS.md
	python3 Tests/Benchmarks/run.py $(BENCH)

compose-up: ## the suite in containers: LAYERS="kafka feeds aggregator", or demo; see compose/README.md
	compose/stack up $(LAYERS)

compose-down: ## stop and remove those containers
	compose/stack down

compose-check: setup-tests ## the compose files without an engine
	$(PYTHON) compose/check.py

compose-try: ## build the images, start the demo stack, scale it, kill parts, end it: needs an engine; the first build takes long
	deploy/scripts/try-stack.py

format: ## lay out the Swift sources
	swift format -i -r $(SWIFT_FOLDERS)

lint: ## check the layout and the documentation of the Swift sources
	swift format lint --strict --configuration .swift-format -r $(SWIFT_FOLDERS)

clean: ## remove everything built
	rm -rf .build .venv
