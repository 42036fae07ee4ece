#!/usr/bin/env bash
# Dieharder's whole battery on the stream, as docs/quality.md describes it. Half an hour of one core an arrangement.
#
#   scripts/quality.sh                        every arrangement, all lanes: 38 batteries
#   scripts/quality.sh written lane-0 seeds   these
#   scripts/quality.sh --short lane-0         the tests that take seconds: a minute an arrangement
#
# QUALITY_FOLDER (quality) gets one file an arrangement; complete files are kept. A weak or failed test is repeated three times
# on streams of other seeds: by chance one of a hundred is weak, but a flaw is weak again.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly folder=${QUALITY_FOLDER:-quality} seed=1
readonly target=${CARGO_TARGET_DIR:-target}

command -v dieharder >/dev/null || { echo "quality.sh: no dieharder (Debian, Ubuntu: apt-get install dieharder)" >&2; exit 5; }
cargo build --release --no-default-features --example stream_words
mkdir -p "$folder"

# words ARRANGEMENT SEED: writes words without end, until dieharder closes the pipe.
words() { "$target/release/examples/stream_words" "$1" "$2"; }

# Tests that take seconds. The others, such as 33 lagged sums and the GCD test, take minutes each.
readonly short_tests=(0 1 3 4 5 6 8 9 10 11 12 13 15 16 100 101 102 205 206 209)
short=no
if [[ ${1:-} == --short ]]; then
  short=yes
  shift
fi

# battery ARRANGEMENT: runs every test; the file appears only when it is complete.
battery() {
  local file=$folder/$1.txt number
  [[ -e $file ]] && return
  if [[ $short == yes ]]; then
    for number in "${short_tests[@]}"; do
      # Each test continues where the test before it stopped reading.
      dieharder -d "$number" -g 200
    done < <(words "$1" $seed) >"$file.part"
  else
    words "$1" $seed | dieharder -a -g 200 >"$file.part"
  fi
  mv "$file.part" "$file"
}

# repeats ARRANGEMENT: repeats each weak or failed test with each other seed, one line each.
repeats() {
  local file=$folder/$1.repeats.txt name ntuple again line number
  [[ -e $file ]] && return
  : >"$file.part"
  while IFS='|' read -r name ntuple _; do
    name=${name// /} ntuple=${ntuple// /}
    number=$(test_number "$name")
    for again in 2 3 4; do
      # A test of many sizes prints a line for each; the line of the weak size counts.
      line=$(words "$1" $again | dieharder -g 200 -d "$number" -n "$ntuple" |
        awk -F'|' -v name="$name" -v size="$ntuple" '{ n = $1; s = $2; gsub(/ /, "", n); gsub(/ /, "", s) } n == name && s == size' | head -n 1)
      echo "seed $again: $line" >>"$file.part"
    done
  done < <(grep -E 'WEAK|FAILED' "$folder/$1.txt" || true)
  mv "$file.part" "$file"
}

# test_number NAME: prints the number that `dieharder -l` shows.
test_number() {
  case $1 in
    diehard_birthdays) echo 0 ;; diehard_operm5) echo 1 ;; diehard_rank_32x32) echo 2 ;; diehard_rank_6x8) echo 3 ;;
    diehard_bitstream) echo 4 ;; diehard_opso) echo 5 ;; diehard_oqso) echo 6 ;; diehard_dna) echo 7 ;;
    diehard_count_1s_str) echo 8 ;; diehard_count_1s_byt) echo 9 ;; diehard_parking_lot) echo 10 ;;
    diehard_2dsphere) echo 11 ;; diehard_3dsphere) echo 12 ;; diehard_squeeze) echo 13 ;; diehard_sums) echo 14 ;;
    diehard_runs) echo 15 ;; diehard_craps) echo 16 ;; marsaglia_tsang_gcd) echo 17 ;; sts_monobit) echo 100 ;;
    sts_runs) echo 101 ;; sts_serial) echo 102 ;; rgb_bitdist) echo 200 ;; rgb_minimum_distance) echo 201 ;;
    rgb_permutations) echo 202 ;; rgb_lagged_sum) echo 203 ;; rgb_kstest_test) echo 204 ;; dab_bytedistrib) echo 205 ;;
    dab_dct) echo 206 ;; dab_filltree) echo 207 ;; dab_filltree2) echo 208 ;; dab_monobit2) echo 209 ;;
    *) echo "quality.sh: no test is called $1" >&2; return 1 ;;
  esac
}

if (($# == 0)); then
  set -- written transposed segments units streams seeds $(seq -f 'lane-%g' 0 31)
fi
for arrangement; do
  battery "$arrangement"
  repeats "$arrangement"
  count() { grep -c "$1" "$folder/$arrangement.txt" || true; }
  printf '%-12s %3d tests: %3d passed, %d weak, %d failed\n' "$arrangement" \
    "$(grep -cE 'PASSED|WEAK|FAILED' "$folder/$arrangement.txt")" "$(count PASSED)" "$(count WEAK)" "$(count FAILED)"
  sed 's/^/  again, /' "$folder/$arrangement.repeats.txt"
done
if grep -q FAILED "$folder"/*.txt; then
  echo "quality.sh: a test failed" >&2
  exit 1
fi
