# Muster. `make help` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run test bench bench-large fmt lint assets deny

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build Muster and serve the demo practice on http://127.0.0.1:8080
	@command -v cargo >/dev/null || { echo "cargo is not installed: see https://rustup.rs" >&2; exit 1; }
	@scripts/assets --optional
	cargo build --release --package muster
	"$${CARGO_TARGET_DIR:-target}/release/muster" serve --demo

test: ## Check everything: format, lints, layers, licenses, all tests on both databases
	@scripts/test

bench: ## Measure, each figure against its limit (ARGS="--only lists,search --engine sqlite" chooses rows)
	@scripts/bench $(ARGS)

bench-large: ## The same with 1,000,000 people in 400 organizations
	@scripts/bench --large $(ARGS)

fmt: ## Format the sources
	cargo fmt --all

lint: ## Check layers, format and clippy, without running a test
	@scripts/check-layers
	@scripts/test-check-layers
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

assets: ## Fetch htmx and axe-core from npm into web/vendor/
	@scripts/assets

deny: ## Check licenses, bans and sources of dependencies (builds cargo-deny when it is missing)
	@scripts/deny
