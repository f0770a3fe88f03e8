# `make help` says what there is. Every target sets itself up first: nothing needs to be installed by hand but git, make, Node and Go, and, by whoever is
# not root on Debian, the packages that the tests talk to; it says which.

# The project's own Node 24 and tools come first, whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NODE := node_modules/.bin/node

.DEFAULT_GOAL := help
.PHONY: help demo test unit integration faults up down bench lint audit verify generate build setup setup-cluster setup-demo setup-tests

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: setup-demo ## the main job, told step by step on a real control plane (KEEP=1 leaves it running)
	@$(NODE) hack/demo/main.ts </dev/null

test: setup-tests ## every check and every test; the last line counts them
	@$(NODE) hack/test/main.ts </dev/null

unit: setup ## only the unit tests
	@$(NODE) hack/test/main.ts unit </dev/null

integration: setup-tests ## only the tests on one shared control plane
	@$(NODE) hack/test/main.ts integration </dev/null

faults: setup-tests ## only the tests that break things, on control planes of their own
	@$(NODE) hack/test/main.ts faults </dev/null

up: setup-cluster ## leave a control plane with chart and operator running; .run/kubeconfig is its admin's
	@$(NODE) hack/platform/main.ts up </dev/null

down: setup ## end what `make up` left running, and remove its state
	@$(NODE) hack/platform/main.ts down </dev/null

bench: setup-cluster ## measure; a table, and .run/bench.jsonl
	@$(NODE) hack/bench/main.ts </dev/null

lint: setup ## types, style, import rules, dead code, licences, known vulnerabilities
	@npm run --silent lint
	@npm run --silent licences
	@hack/audit

verify: setup ## regenerate, then require a clean tree
	@npm run --silent generate
	@git diff --exit-code && { test -z "$$(git status --porcelain)" || { git status --short; echo 'the tree is not clean: commit or remove the files above' >&2; exit 1; }; }

generate: setup ## write the CRDs, the chart's copies and the reference pages anew from their sources
	@npm run --silent generate

build: setup ## the plugin to bin/kubectl-approve, the operator's bundle and the krew archive to dist/
	@npm run --silent build

setup: # what package-lock.json names; does nothing when it is there
	@hack/setup

setup-cluster:
	@hack/setup cluster

setup-demo:
	@hack/setup cluster browser

setup-tests:
	@hack/setup cluster peers
