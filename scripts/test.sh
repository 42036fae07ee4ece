#!/usr/bin/env bash
# Every test that needs neither a nightly toolchain nor much time, cheapest first; stops at the first failure.
#
#   scripts/test.sh         all of it
#   scripts/test.sh lint    formatting, clippy, rustdoc
#
# CARGO_FLAGS=--no-default-features leaves out all that needs MPI and hwloc.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
readonly mpich_folder=$CARGO_TARGET_DIR-mpich
read -ra flags <<<"${CARGO_FLAGS:-}"
without_libraries=no
[[ ${CARGO_FLAGS:-} == *--no-default-features* ]] && without_libraries=yes
times=()

# step NAME COMMAND..: runs the command and records its time.
step() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if ! "$@"; then
    printf '\n== FAILED: %s (after %s s): %s\n' "$name" $((SECONDS - started)) "$*" >&2
    exit 1
  fi
  times+=("$(printf '%4d s  %s' $((SECONDS - started)) "$name")")
}

skip() { printf '\n== skipped: %s: %s\n' "$1" "$2" && times+=("skipped  $1: $2"); }

lint() {
  step "format" cargo fmt --check
  if command -v shellcheck >/dev/null; then step "shell scripts" shellcheck scripts/*.sh .ci/run slurm/run.sbatch; fi
  # All features, because the benchmarks' peers are behind a feature.
  step "clippy" cargo clippy --all-targets "${flags[@]:---all-features}" -- -D warnings
  [[ $without_libraries == yes ]] ||
    step "clippy without MPI and hwloc" cargo clippy --all-targets --no-default-features -- -D warnings
  step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps ${flags[@]+"${flags[@]}"}
}

# The other MPI family, in its own target folder, because cargo does not notice another wrapper. Communication is tested
# here; tests of the whole program find this build through NUMAMARK_MPICH_BINARY.
mpich() {
  if [[ $without_libraries == yes ]]; then
    skip "MPICH" "built without MPI"
  elif ! command -v mpicc.mpich >/dev/null; then
    skip "MPICH" "no mpicc.mpich on this machine (Debian, Ubuntu: apt-get install mpich libmpich-dev)"
  else
    step "build and launches with MPICH" env MPICC=mpicc.mpich CARGO_TARGET_DIR="$mpich_folder" \
      cargo test --test comm_launchers
    NUMAMARK_MPICH_BINARY=$(realpath "$mpich_folder")/debug/numamark
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

tests() {
  mpich
  step "tests" cargo test ${flags[@]+"${flags[@]}"}
  NUMAMARK=$(realpath "$CARGO_TARGET_DIR")/debug/numamark
  export NUMAMARK
  analysis
  [[ $without_libraries == yes ]] || step "tests without MPI and hwloc" cargo test --no-default-features
}

lint
[[ ${1:-} == lint ]] || tests
printf '\n== all passed in %d s\n' "$SECONDS"
printf '%s\n' "${times[@]}"
