#!/usr/bin/env bash
# Builds with cargo and prints one line: how much was built, and how long it took.
#
#   scripts/build.sh [ARGUMENTS of cargo build]
#
# All output of cargo goes to build.log in the folder where cargo builds. Warnings are printed below the line. When the build
# fails, the errors are printed, and the name of the log. A terminal shows the progress in one line, which is rewritten.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly folder=${CARGO_TARGET_DIR:-target}
readonly log=$folder/build.log
# Lines of errors that are printed: the first ones, and the last ones, in which a failed build script says why.
readonly FIRST_LINES=40 LAST_LINES=40

# Reads cargo's output, keeps it in the log without the bar, and draws its own line at every event and every second.
follow() {
  local line="" part code now="starting"
  while :; do
    printf '\r\e[K%.*s' $((${COLUMNS:-80} - 1)) "build: $SECONDS s, $now" >&2
    IFS= read -r -t 1 part && code=0 || code=$?
    line+=$part
    # Above 128: a second has passed, and the line may be read in part.
    ((code <= 128)) || continue
    ((code == 0)) || break
    case $line in
      *" Building ["*"] "*) now=${line##*"] "} now=${now%"${now##*[![:space:]]}"} ;;
      *" Fetch ["*"] "* | "") ;;
      *) echo "$line" >>"$log" && [[ $line != *" Blocking "* ]] || now="waiting for another build in $folder" ;;
    esac
    line=""
  done
  printf '\r\e[K' >&2
}

build() {
  if [[ -t 2 ]]; then
    COLUMNS=$(stty size <&2 2>/dev/null | cut -d' ' -f2) || true
    ((${COLUMNS:-0} > 20)) || COLUMNS=80
    CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=200 cargo build --color never "$@" 2>&1 |
      stdbuf -oL tr '\r' '\n' | follow
  else
    cargo build --color never "$@" >"$log" 2>&1
  fi
}

# Prints what the compiler said: the log without cargo's own words, which end in column 12, and what build scripts tell cargo.
diagnostics() {
  awk '!(match($0, /^ *[A-Z][a-z]+ /) && RLENGTH == 13) && !/^ *cargo:/' "$log"
}

mkdir -p "$folder"
: >"$log"
code=0
build "$@" || code=$?
crates=$(grep -c '^ *Compiling ' "$log" || true)
plural=crates
[[ $crates != 1 ]] || plural=crate
if ((code)); then
  printf 'build: FAILED, %s %s, %s s\n' "$crates" "$plural" "$SECONDS" >&2
  diagnostics | awk '/^error/ { found = 1 } found' |
    awk -v first="$FIRST_LINES" -v last="$LAST_LINES" '
      { line[NR] = $0 }
      END {
        for (i = 1; i <= NR; i++) {
          if (i <= first || i > NR - last) print line[i]
          else if (i == first + 1) printf "... %d lines, see the log ...\n", NR - first - last
        }
      }' >&2
  printf 'build: all output is in %s\n' "$log" >&2
  exit "$code"
fi
if ((crates)); then
  printf 'build: %s %s, %s s\n' "$crates" "$plural" "$SECONDS" >&2
else
  printf 'build: nothing to do, %s s\n' "$SECONDS" >&2
fi
diagnostics >&2
