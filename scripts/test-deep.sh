#!/usr/bin/env bash
# Deep tests, which need a nightly toolchain or time. Runs the steps that this machine can run, gives the reason for
# each skipped step, and fails when a step failed or exceeded its time limit.
#
#   scripts/test-deep.sh              all of it
#   scripts/test-deep.sh loom deny    only these: loom miri asan tsan fuzz deny archive debian container
# shellcheck disable=SC2317 # the steps are called by name
set -uo pipefail
cd "$(dirname "$0")/.." || exit

# Generous time limit: a step that reaches it hangs, which is a failure.
readonly STEP_LIMIT=${STEP_LIMIT:-20m}
readonly target=${CARGO_TARGET_DIR:-target}
host=$(rustc -vV | sed -n 's/^host: //p')
readonly host
outcome=() failed=0

# step NAME COMMAND..: runs the command within the time limit and records the outcome.
step() {
  local name=$1 started=$SECONDS code
  shift
  printf '\n== %s\n' "$name"
  timeout --kill-after=10 "$STEP_LIMIT" "$@"
  code=$?
  case $code in
    0) outcome+=("$(printf '%4d s  %s' $((SECONDS - started)) "$name")") ;;
    124 | 137) outcome+=("FAILED  $name: not done within $STEP_LIMIT") && failed=1 ;;
    *) outcome+=("FAILED  $name: exit code $code") && failed=1 ;;
  esac
}

skip() {
  printf '\n== skipped: %s: %s\n' "$1" "$2"
  outcome+=("skipped $1: $2")
}

# nightly COMPONENT..: succeeds if a nightly toolchain has these components; adds missing ones.
nightly() {
  local component
  cargo +nightly --version >/dev/null 2>&1 || return 1
  for component in "$@"; do
    rustup component list --toolchain nightly 2>/dev/null | grep -q "^$component.*(installed)" ||
      rustup component add --toolchain nightly "$component" >/dev/null 2>&1 || return 1
  done
}

# Every interleaving of the lock-free parts, under loom's scheduler, without a bound on preemptions.
loom() {
  step "loom" env RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR="$target-loom" cargo test --no-default-features --features cli --lib loom
}

# Undefined behaviour in the shipped code, over memory from the ordinary allocator. Of the generator only what has unsafe code
# or threads: other tests call C libraries, or search for many minutes.
miri() {
  if ! nightly miri rust-src; then
    skip "miri" "no nightly toolchain with Miri (rustup toolchain install nightly --component miri,rust-src)"
    return
  fi
  step "miri" env MIRIFLAGS="-Zmiri-strict-provenance -Zmiri-disable-isolation" CARGO_TARGET_DIR="$target-nightly" \
    cargo +nightly miri test --no-default-features --features cli,allocator-api2 --lib -- \
    generator::digest generator::kernel generator::stream slab:: workload::barrier workload::intervals
}

# sanitizer NAME SKIPPED OPTION..: the unit tests of the rooms with unsafe code or threads, compiled with the sanitizer's
# checks, without the tests that match a word of SKIPPED.
sanitizer() {
  local name=$1 skipped
  read -ra skipped <<<"$2"
  shift 2
  step "$name sanitizer" env RUSTFLAGS="-Zsanitizer=$name -Cunsafe-allow-abi-mismatch=sanitizer" \
    CARGO_TARGET_DIR="$target-nightly" TSAN_OPTIONS="halt_on_error=1" \
    cargo +nightly test --no-default-features --features cli,allocator-api2 --lib --target "$host" "$@" -- \
    cli:: comm:: environment:: generator:: measure:: numa:: rank:: results:: slab:: workload:: "${skipped[@]/#/--skip=}"
}

asan() {
  if nightly; then sanitizer address ""; else skip "address sanitizer" "no nightly toolchain"; fi
}

# Rebuilds the standard library with checks; otherwise code ordered by its atomics would look like races. A test with one
# thread has no races: those that take minutes are skipped.
tsan() {
  if nightly rust-src; then
    sanitizer thread "slab::class slab::collection slab::sharded::tests::laws" -Zbuild-std
  else
    skip "thread sanitizer" "no nightly toolchain with rust-src, to build the standard library with its checks"
  fi
}

# Random traces on a heap against a model, for FUZZ_SECONDS. Needs no sanitizer: the model sees what an overlap does.
fuzz() {
  if ! nightly; then
    skip "fuzz" "no nightly toolchain"
  elif ! cargo fuzz --version >/dev/null 2>&1; then
    skip "fuzz" "cargo-fuzz is not installed (cargo install cargo-fuzz)"
  else
    local folder=$target-fuzz
    [[ $folder == /* ]] || folder=$PWD/$folder
    mkdir -p "$folder/corpus"
    step "fuzz" env -C fuzz CARGO_TARGET_DIR="$folder" cargo +nightly fuzz run --fuzz-dir . --sanitizer none traces \
      "$folder/corpus" -- -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=60 -artifact_prefix="$folder/"
  fi
}

deny() {
  if ! cargo deny --version >/dev/null 2>&1; then
    printf '\n== installing cargo-deny (once; unoptimised, which is fast enough and much sooner built)\n'
    if ! env -u CARGO_TARGET_DIR cargo install --quiet --locked --debug cargo-deny; then
      skip "cargo deny" "cargo-deny is not installed and crates.io did not give it"
      return
    fi
  fi
  step "cargo deny: licences, bans, sources" cargo deny --log-level error check licenses bans sources
  local log
  log=$(mktemp)
  if cargo deny --log-level error check advisories >"$log" 2>&1; then
    outcome+=("   0 s  cargo deny: advisories")
  elif grep -q 'failed to fetch advisory database' "$log"; then
    skip "cargo deny: advisories" "the RustSec database cannot be reached from here"
  else
    cat "$log"
    outcome+=("FAILED  cargo deny: advisories") && failed=1
  fi
  rm -f "$log"
}

archive() { step "the archive of cargo package" scripts/test-package.sh archive; }

debian() {
  if ! cargo deb --version >/dev/null 2>&1 || ! command -v dpkg-shlibdeps >/dev/null; then
    skip "Debian package" "no cargo-deb or no dpkg-shlibdeps (cargo install --locked cargo-deb; apt-get install dpkg-dev)"
  else
    step "Debian package" scripts/test-package.sh debian
  fi
}

container() {
  if ! docker info >/dev/null 2>&1; then
    skip "container" "no Docker daemon that answers this user; tests/package.rs compares the Dockerfile with the files"
  else
    step "container" scripts/test-package.sh container
  fi
}

steps=("$@")
((${#steps[@]})) || steps=(loom miri asan tsan fuzz deny archive debian container)
for name in "${steps[@]}"; do
  case $name in
    loom | miri | asan | tsan | fuzz | deny | archive | debian | container) "$name" ;;
    *) echo "test-deep: \"$name\" is not a step; expected loom, miri, asan, tsan, fuzz, deny, archive, debian or container" >&2 && exit 2 ;;
  esac
done
printf '\n== deep tests: %s\n' "$( ((failed)) && echo FAILED || echo passed)"
printf '%s\n' "${outcome[@]}"
exit $failed
