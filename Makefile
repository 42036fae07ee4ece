# Every task of this repository. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The run directory that `make notebook` shows: the newest of results/, or the stored sample.
RUN ?= $(or $(firstword $(shell ls -dt results/*/ 2>/dev/null)),analysis/sample-run)
SAMPLE := name=sample rank.share_nodes=true generate.chunk=["8MiB","32MiB"] generate.block=1MiB \
  run.warmup=50ms run.duration=100ms run.interval=10ms run.limit=20ms run.aa=true run.repetitions=2
# The job that `make run` runs, and flags for numamark and for cargo (CARGO_FLAGS=--no-default-features: no MPI, no hwloc).
JOB ?= jobs/quick.toml
ARGS ?=
CARGO_FLAGS ?=
# Every target means the program, and --no-default-features leaves out the feature of the program as well.
override CARGO_FLAGS := $(strip $(CARGO_FLAGS) $(if $(findstring --no-default-features,$(CARGO_FLAGS)),--features cli))
# The compiler wrapper of the MPI library. Each MPI library needs its own target folder: see README.md.
MPICC ?= $(shell command -v mpicc.openmpi || echo mpicc)
# Where cargo builds. The MPICH build stands beside it.
CARGO_TARGET_DIR ?= target
# Allocators of other projects are built for a job, or for arguments, that name one of them.
PEERS := "?(mimalloc|snmalloc|jemalloc|rpmalloc)\b
PEER_FLAGS = $(if $(shell { cat '$(JOB)' || cat 'jobs/$(JOB).toml'; printf '%s' '$(subst ','\'',$(ARGS))'; } 2>/dev/null | grep -E '$(PEERS)'),--features peers)
export CARGO_FLAGS MPICC CARGO_TARGET_DIR

# Open MPI refuses root without both variables. Other users keep this protection.
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif

.PHONY: help run build build-mpich package notebook sample-run setup test test-deep bench calibration metrics quality lint doc deny clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: build ## install what is missing, build, run jobs/quick.toml on every node (JOB=.., ARGS=..)
	@$(CARGO_TARGET_DIR)/release/numamark run $(JOB) $(ARGS)

build: setup ## build the release binary: target/release/numamark
	@scripts/build.sh --release $(CARGO_FLAGS) $(PEER_FLAGS)

build-mpich: ## the same against MPICH: target-mpich/release/numamark
	@$(MAKE) build MPICC=mpicc.mpich CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)-mpich

package: build ## build the Debian package, with man pages and completions: target/debian/numamark_*.deb
	@scripts/package.sh

setup: ## only install what is missing to build
	@scripts/setup.sh build $(if $(PEER_FLAGS),peers)

notebook: ## show the newest run in results/ in a notebook: RUN.ipynb (RUN=DIR)
	@scripts/setup.sh analysis
	@analysis/.venv/bin/python analysis/run_notebook.py $(RUN:%/=%) $(RUN:%/=%).ipynb

# Small, because it is stored: two ranks, a sweep that crosses the L3 cache of many machines, intervals, limits,
# and the same arm twice.
sample-run: build ## make analysis/sample-run again, which the notebook and its tests read
	@rm -rf analysis/sample-run
	@$(CARGO_TARGET_DIR)/release/numamark run jobs/quick.toml --out analysis/sample-run --ranks 2 $(SAMPLE:%=--set '%')

test: ## install what is missing, build and run every test
	@scripts/setup.sh build test
	@scripts/test.sh

test-deep: ## Miri, loom, sanitizers, fuzzing, cargo deny, packages: what needs a nightly toolchain or time
	@scripts/setup.sh build
	@scripts/test-deep.sh

bench: ## compare generator and allocator with their peers, side by side
	@scripts/setup.sh build peers
	@cargo bench $(or $(CARGO_FLAGS),--all-features) $(ARGS)

calibration: setup ## measure anew how far each codec compresses granules: src/generator/calibration/table.txt
	@cargo run --quiet $(CARGO_FLAGS) --example calibration > $(CARGO_TARGET_DIR)/calibration.txt
	@mv $(CARGO_TARGET_DIR)/calibration.txt src/generator/calibration/table.txt

metrics: setup ## write the lists of keys and metrics: docs/reference.md, analysis/numamark_reader/metrics.py
	@NUMAMARK_WRITE_METRICS=1 cargo test --quiet $(CARGO_FLAGS) --test metrics

quality: ## dieharder's whole battery on the stream, half an hour of a core each (ARGS="written seeds")
	@scripts/setup.sh build
	@scripts/quality.sh $(ARGS)

lint: ## rustfmt, clippy and rustdoc, warnings as errors
	@scripts/setup.sh build peers
	@scripts/test.sh lint

doc: setup ## build the API documentation: target/doc/numamark/index.html
	@cargo doc --no-deps $(CARGO_FLAGS)

deny: ## licences, bans and sources of the dependencies
	@scripts/test-deep.sh deny

clean: ## remove everything that was built
	@rm -rf $(CARGO_TARGET_DIR) $(CARGO_TARGET_DIR)-mpich $(CARGO_TARGET_DIR)-loom $(CARGO_TARGET_DIR)-nightly
