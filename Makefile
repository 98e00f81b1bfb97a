# The ways in. Each sets up what it needs first (scripts/setup*.sh), which is quick when it is there already.

.DEFAULT_GOAL := help
.PHONY: help up test check bench soak

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

up: ## install what is missing, build, and run the engine with a database of its own (Ctrl-C ends it)
	@scripts/setup.sh up
	cargo build --release --locked --package orqestra-cli
	@exec "$${CARGO_TARGET_DIR:-target}/release/orqestra" up

test: ## all tests, with a real PostgreSQL, a real SMTP server, the official realtime clients and a browser
	@scripts/test.sh

check: ## format, lints, documentation, licences, unused dependencies, borders of the rooms
	@scripts/check.sh

bench: ## the speed table: against the limit and against the stock store, on this machine
	@scripts/bench.sh

soak: ## the benchmarks at full size, then the tests of faults and kills in their long form
	@scripts/soak.sh
