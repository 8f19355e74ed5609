# Every target is one script; `make help` lists them.
ADDR ?= :8080

.PHONY: help setup build demo test check bench sim fmt lint arch size clean
help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10
setup: ## fetch Go modules and npm packages
	@scripts/setup
build: setup ## build dist/, the demo page and build/host
	@scripts/build
demo: ## build everything and serve the demo page at ADDR (default :8080)
	@ADDR='$(ADDR)' scripts/demo
test: ## run every test, in real browsers too
	@scripts/test
check: ## format, lint, arch, size, fuzz, unit tests: the gate of a commit
	@scripts/check
bench: ## measure against a raw data channel and WebTorrent
	@scripts/bench
sim: ## prove the swarm in simulation: one JSON line a scenario, and a table
	@scripts/sim
fmt: ## format the Go code
	@scripts/fmt
lint: setup ## vet, staticcheck and tsc
	@scripts/lint
arch: ## the locks that keep the house in order
	@scripts/arch/check
size: ## weigh what a visitor downloads, against the budget
	@scripts/size
clean: ## remove everything that was built
	@scripts/clean
