# Two commands do all the set-up on a fresh machine: `make run` and `make test`.

.DEFAULT_GOAL := help
.PHONY: help setup run test bench soak check-api check-containers

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: ## Install PostgreSQL and nats-server where they are missing
	@scripts/setup

run: setup ## Build, start everything, print the URL, a token and three requests to paste
	@cargo build --release --bin colloquy
	@exec "$${CARGO_TARGET_DIR:-target}/release/colloquy" serve --quick-start

test: setup ## Formatting, lints, every test
	@scripts/setup test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --test soak -- -D warnings
	cargo nextest run --workspace
	cargo run --quiet --example own_aggregate
	cargo test --workspace --doc --quiet

bench: setup ## Benchmarks, as ratios against something measured in the same run
	cargo bench

soak: setup ## Load and faults, then a check of what was acknowledged; ARGS="--minutes 60"
	@cargo test --release --test soak -- $(ARGS)

check-api: setup ## Linters, generated clients and made-up requests for the descriptions
	@scripts/check-api/run

check-containers: ## Dockerfile and compose file, with a linter and the schema of the latter
	@scripts/check-containers/run
