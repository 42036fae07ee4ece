#!/usr/bin/env bash
# The test suites on a busy machine: no test may depend on how much of the CPU it gets.
#
#   scripts/test-under-load.sh                    ten rounds of every suite
#   scripts/test-under-load.sh 3                  three rounds
#   scripts/test-under-load.sh 1 lib comm plan    one round of the unit tests and of two suites of tests/
#
# The test programs are built first, without load, as scripts/test.sh builds them. Then AT_ONCE suites (2) run beside each other
# and beside BUSY threads per CPU (3) that compute, write and map memory: stress-ng if it is there, otherwise busy shells. With
# `AT_ONCE=8 BUSY=0` the suites are each other's load, which takes the least time for many rounds. The outputs are in
# under-load/ of the target directory; at the end each failed test is named with the number of rounds in which it failed,
# and the exit code is 1.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
readonly rounds=${1:-10}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "usage: scripts/test-under-load.sh [ROUNDS] [SUITE..]" >&2 && exit 2; }
shift || true
wanted=("$@")
readonly at_once=${AT_ONCE:-2} busy=${BUSY:-3}
# A suite that takes longer hangs.
readonly limit=7200
load=()
declare -A programs

logs=$CARGO_TARGET_DIR/under-load
rm -rf "$logs"
mkdir -p "$logs"

# Suites that scripts/test.sh runs on the release build.
suites_that_compute=" $(sed -n 's/^readonly suites_that_compute=(\(.*\))$/\1/p' scripts/test.sh) "
[[ $suites_that_compute != "  " ]] || { echo "scripts/test.sh has no suites_that_compute" >&2 && exit 1; }

all_suites() {
  local path
  echo lib
  for path in tests/*.rs tests/*/main.rs; do sed -E 's|^tests/||; s|(/main)?\.rs$||' <<<"$path"; done
  echo analysis
}

# build CARGO_ARGUMENT.. -- SUITE..: builds the suites, and remembers the program of each.
build() {
  local arguments=() targets=() suite program
  while [[ $1 != -- ]]; do arguments+=("$1") && shift; done
  shift
  for suite in "$@"; do
    if [[ $suite == lib ]]; then targets+=(--lib); else targets+=("--test=$suite"); fi
  done
  if ((${#targets[@]} == 0)); then return; fi
  # `Executable tests/plan.rs (target/debug/deps/plan-0123)`, `Executable unittests src/lib.rs (..)`
  cargo test --no-run "${arguments[@]}" "${targets[@]}" 2>&1 | tee "$logs/build"
  while read -r suite program; do
    programs[$suite]=$(realpath "$program")
  done < <(sed -nE 's#^ *Executable unittests src/lib\.rs \((.*)\)$#lib \1#p
    s#^ *Executable tests/([a-z_]+)(/main)?\.rs \((.*)\)$#\1 \3#p' "$logs/build")
  for suite in "$@"; do
    [[ -n ${programs[$suite]:-} ]] || { echo "cargo names no program of the suite $suite" >&2 && exit 1; }
  done
}

start_load() {
  local pus
  pus=$(nproc)
  if ((busy == 0)); then
    return
  elif command -v stress-ng >/dev/null; then
    stress-ng --quiet --cpu $((busy * pus)) --io "$pus" --vm 1 --vm-bytes 512M &
    load+=($!)
  else
    echo "no stress-ng here: $((busy * pus)) busy shells instead"
    for _ in $(seq $((busy * pus))); do
      (while :; do :; done) &
      load+=($!)
    done
  fi
}

stop_load() {
  if ((${#load[@]} > 0)); then
    kill "${load[@]}" 2>/dev/null || true
    wait "${load[@]}" 2>/dev/null || true
  fi
}
trap stop_load EXIT

run_suite() {
  if [[ $1 == analysis ]]; then
    local python=analysis/.venv/bin/python
    [[ -x $python ]] || python=python3
    NUMAMARK=$(realpath "$CARGO_TARGET_DIR")/debug/numamark \
      timeout --foreground "$limit" "$python" -m unittest discover -s analysis/tests -t analysis
  else
    timeout --foreground "$limit" "${programs[$1]}"
  fi
}

# Names of the failed tests in an output of libtest or unittest; `(itself)` for a program without names.
failed_tests() {
  local names
  names=$(sed -nE 's/^test (.*) \.\.\. FAILED$/\1/p; s/^(FAIL|ERROR): ([A-Za-z_0-9]+) .*/\2/p' "$1")
  echo "${names:-(itself)}"
}

# one_of ROUND SUITE: runs a suite; its failed tests are added to the file of failures, a line each.
one_of() {
  local round=$1 suite=$2 started=$SECONDS outcome=ok log=$logs/$2-$1
  if ! run_suite "$suite" >"$log" 2>&1; then
    outcome=FAILED
    failed_tests "$log" | sed "s/^/$suite: /" >>"$logs/failures"
  fi
  printf 'round %d of %d: %-18s %-6s %4d s\n' "$round" "$rounds" "$suite" "$outcome" $((SECONDS - started)) |
    tee -a "$logs/ended"
}

((${#wanted[@]} > 0)) || mapfile -t wanted < <(all_suites)
debug=() release=()
for suite in "${wanted[@]}"; do
  case $suites_that_compute in
    *" $suite "*) release+=("$suite") ;;
    *) [[ $suite == analysis ]] || debug+=("$suite") ;;
  esac
done
build --features peers,allocator-api2 -- "${debug[@]}"
build --release --features peers -- "${release[@]}"
if [[ " ${wanted[*]} " == *" analysis "* ]]; then cargo build --features peers,allocator-api2; fi

# Returns when at most this many suites run.
wait_for_at_most() {
  while (($(jobs -rp | wc -l) > $1 + ${#load[@]})); do wait -n || true; done
}

touch "$logs/failures" "$logs/ended"
start_load
for round in $(seq "$rounds"); do
  for suite in "${wanted[@]}"; do
    wait_for_at_most $((at_once - 1))
    one_of "$round" "$suite" &
  done
done
wait_for_at_most 0

ended=$(wc -l <"$logs/ended")
if ((ended != rounds * ${#wanted[@]})); then
  printf '\nonly %d of %d suites came to an end (outputs: %s)\n' "$ended" $((rounds * ${#wanted[@]})) "$logs" >&2
  exit 1
elif [[ ! -s $logs/failures ]]; then
  printf '\nno test failed in %d rounds beside load\n' "$rounds"
else
  printf '\nfailed, with the number of rounds out of %d (outputs: %s):\n' "$rounds" "$logs"
  sort "$logs/failures" | uniq -c | sort -rn
  exit 1
fi
