#!/usr/bin/env bash
# Every test that needs neither a nightly toolchain nor much time, cheapest first. A failed step does not keep the others from
# running; the end lists every step with its outcome and its time, and the exit code is 1 when one failed.
#
#   scripts/test.sh         all of it
#   scripts/test.sh lint    formatting, clippy, rustdoc
#
# Tests run unoptimised: this crate is then built in a fifth of the time, and with every check of the compiler. Suites that
# compute for long run on the release build, which users have.
#
# CARGO_FLAGS=--no-default-features leaves out all that needs MPI and hwloc.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
readonly suites_that_compute=(arms data generator generator_ratios instructions limits live plan prediction results statistics workload)
# The suites that see a difference without MPI and hwloc: binding, starting, failing, and what a run says of it.
readonly suites_of_libraries=(cli comm failures live numa progress starts stopped)
read -ra flags <<<"${CARGO_FLAGS:-}"
without_libraries=no
[[ ${CARGO_FLAGS:-} == *--no-default-features* ]] && without_libraries=yes && flags+=(--features cli)
outcomes=() failed=()

# step NAME COMMAND..: runs the command, and records its outcome and its time. Succeeds also when the command fails, so that
# the other steps run. All suites of a step run, too.
step() {
  local name=$1 started=$SECONDS
  shift
  [[ "$1 $2" != "cargo test" ]] || set -- cargo test --no-fail-fast "${@:3}"
  printf '\n== %s\n' "$name"
  if "$@"; then
    outcomes+=("$(printf 'passed  %4d s  %s' $((SECONDS - started)) "$name")")
  else
    printf '\n== FAILED: %s (after %s s): %s\n' "$name" $((SECONDS - started)) "$*" >&2
    outcomes+=("$(printf 'FAILED  %4d s  %s' $((SECONDS - started)) "$name")")
    failed+=("$name")
  fi
}

skip() { printf '\n== skipped: %s: %s\n' "$1" "$2" && outcomes+=("skipped         $1: $2"); }

# Prints the outcome of every step and ends with the code that follows from them.
sum_up() {
  printf '\n'
  printf '%s\n' "${outcomes[@]}"
  if ((${#failed[@]})); then
    printf '\n== %d FAILED in %d s: %s\n' ${#failed[@]} "$SECONDS" "$(printf '%s; ' "${failed[@]}" | sed 's/; $//')" >&2
    exit 1
  fi
  printf '\n== all passed in %d s\n' "$SECONDS"
}

lint() {
  step "format" cargo fmt --check
  if command -v shellcheck >/dev/null; then step "shell scripts" shellcheck scripts/*.sh .ci/run slurm/run.sbatch; fi
  # All features, because the benchmarks' peers are behind a feature.
  step "clippy" cargo clippy --all-targets "${flags[@]:---all-features}" -- -D warnings
  [[ $without_libraries == yes ]] ||
    step "clippy without MPI and hwloc" \
      cargo clippy --lib --bins --no-default-features --features cli -- -D warnings
  step "clippy of the library alone" cargo clippy --lib --no-default-features -- -D warnings
  step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps ${flags[@]+"${flags[@]}"}
}

# The other MPI family. Communication is tested here; tests of the whole program find this build through
# NUMAMARK_MPICH_BINARY.
#
# cargo does not notice another wrapper. A profile of its own for mpi-sys, which changes nothing else, makes cargo build
# anew what depends on MPI, beside the other build and with the same dependencies.
mpich() {
  if [[ $without_libraries == yes ]]; then
    skip "MPICH" "built without MPI"
  elif ! command -v mpicc.mpich >/dev/null; then
    skip "MPICH" "no mpicc.mpich on this machine (Debian, Ubuntu: apt-get install mpich libmpich-dev)"
  else
    step "build and launches with MPICH" env MPICC=mpicc.mpich \
      cargo --config profile.dev.package.mpi-sys.debug=false test --test comm_launchers
    [[ " ${failed[*]} " != *"with MPICH"* ]] || return 0
    # Later builds without MPICH take its place.
    NUMAMARK_MPICH_BINARY=$(realpath "$CARGO_TARGET_DIR")/mpich/numamark
    install -D "$CARGO_TARGET_DIR/debug/numamark" "$NUMAMARK_MPICH_BINARY"
    export NUMAMARK_MPICH_BINARY
  fi
}

# The reader needs only Python; its frames, the notebook and third-party readers of the files need packages.
analysis() {
  local python=analysis/.venv/bin/python
  if [[ ! -e analysis/.venv/requirements.txt ]]; then
    skip "frames, DuckDB, hdrhistogram, notebook" "no analysis/.venv (scripts/setup.sh analysis says why)"
    python=python3
  fi
  step "analysis (Python)" "$python" -m unittest discover -s analysis/tests -t analysis
}

# The suites of tests/ that do not run on the release build.
other_suites() {
  local path name
  for path in tests/*.rs tests/*/main.rs; do
    name=$(sed -E 's|^tests/||; s|(/main)?\.rs$||' <<<"$path")
    [[ " ${suites_that_compute[*]} " == *" $name "* || $without_libraries$name == yescomm_launchers ]] || echo "$name"
  done
}

tests() {
  mpich
  mapfile -t others < <(other_suites)
  # With the allocators of other projects; the tests without MPI and hwloc have none of them.
  step "unit tests, suites" \
    cargo test --features peers,allocator-api2 --lib --examples "${others[@]/#/--test=}" ${flags[@]+"${flags[@]}"}
  step "suites on the release build" \
    cargo test --release --features peers "${suites_that_compute[@]/#/--test=}" ${flags[@]+"${flags[@]}"}
  NUMAMARK=$(realpath "$CARGO_TARGET_DIR")/release/numamark
  export NUMAMARK
  analysis
  step "the library alone" cargo test --no-default-features --lib --examples
  step "examples in the documentation" cargo test --no-default-features --doc
  [[ $without_libraries == yes ]] ||
    step "tests without MPI and hwloc" cargo test --no-default-features --features cli --lib \
      "${suites_of_libraries[@]/#/--test=}" -- --skip generator:: --skip slab::
}

# Without this, Ctrl-C would end one step and begin the next.
trap 'printf "\n== interrupted after %d s\n" "$SECONDS" >&2; exit 130' INT TERM
lint
[[ ${1:-} == lint ]] || tests
sum_up
