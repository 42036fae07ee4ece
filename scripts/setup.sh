#!/usr/bin/env bash
# Finds missing packages for building (and testing) numamark, and installs them where that is possible.
#
#   scripts/setup.sh build        what `cargo build` needs
#   scripts/setup.sh build peers  and what a build with the allocators of other projects needs
#   scripts/setup.sh build test   and what the tests need, which are built with these
#   scripts/setup.sh analysis     only analysis/.venv: Python packages for the notebook
#
# Prints one line when nothing is missing. With apt-get and root (or sudo) it installs; anywhere else it prints all packages
# and modules that are missing for what was asked and exits with 5, the code for "this machine cannot run it as it is".
# The output of installers goes to setup.log in the folder where cargo builds.
# CARGO_FLAGS=--no-default-features leaves out MPI and hwloc. Reads MPICC, LIBCLANG_PATH, PKG_CONFIG_PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

# One row per need: check | name | apt packages | dnf packages | modules. Missing WANTED rows are no error.
readonly BUILD_NEEDS=(
  "has_c_compiler|C compiler and headers|gcc libc6-dev|gcc glibc-devel|gcc"
)
readonly LIBRARY_NEEDS=(
  "has_pkg_config|pkg-config|pkg-config|pkgconf-pkg-config|"
  "has_mpi|MPI library with its compiler wrapper|openmpi-bin libopenmpi-dev|openmpi-devel|openmpi (or mpich, intel-mpi, cray-mpich)"
  "has_libclang|libclang (reads mpi.h)|libclang-dev|clang-devel|llvm (or set LIBCLANG_PATH)"
  "has_hwloc|hwloc 2.x from 2.0.4 on|libhwloc-dev|hwloc-devel|hwloc"
  "has_udev|libudev (hwloc links to it)|libudev-dev|systemd-devel|"
)
readonly PEER_NEEDS=(
  "has_cxx|C++ compiler, CMake and make (allocators of other projects)|g++ cmake make|gcc-c++ cmake make|gcc cmake"
)
readonly TEST_WANTED=(
  "has_openmpi|OpenMPI (launches of several processes)|openmpi-bin libopenmpi-dev|openmpi-devel|openmpi"
  "has_mpich|MPICH (the same launches with the other MPI family)|mpich libmpich-dev|mpich-devel|mpich"
  "has_valgrind|valgrind (counts the allocator's instructions and cache misses)|valgrind|valgrind|valgrind"
  "has_java_reader|HdrHistogram for Java, where there is a JDK (reads histograms.hlog)|libhdrhistogram-java||"
)
readonly ANALYSIS_NEEDS=(
  "has_python|Python 3.9 or newer (analysis/)|python3|python3|python"
)
readonly VENV_NEEDS=(
  "has_venv|Python's venv and pip (analysis/.venv)|python3-venv|python3-pip|python"
)

quietly() { "$@" >/dev/null 2>&1; }
has_c_compiler() { echo '#include <stdio.h>' | quietly "${CC:-cc}" -E -; }
has_pkg_config() { quietly command -v "${PKG_CONFIG:-pkg-config}"; }
has_mpi() { [[ -n ${MPI_PKG_CONFIG:-}${CRAY_MPICH_DIR:-} ]] || { quietly "${MPICC:-mpicc}" -show && has_mpi_header; }; }
# Debian has the wrapper in another package than the header. Open MPI's adds its folders only for a file, which `-` is not. Without
# a C compiler nothing can be said.
has_mpi_header() { ! has_c_compiler || echo '#include <mpi.h>' | quietly "${MPICC:-mpicc}" -E -x c /dev/stdin; }
has_hwloc() { quietly "${PKG_CONFIG:-pkg-config}" --exists 'hwloc >= 2.0.4' 'hwloc < 3'; }
has_openmpi() { quietly command -v mpicc.openmpi && quietly command -v mpirun.openmpi; }
has_mpich() { quietly command -v mpicc.mpich && quietly command -v mpiexec.hydra; }
has_cxx() { quietly command -v "${CXX:-c++}" && quietly command -v cmake && quietly command -v make; }
has_valgrind() { quietly command -v valgrind; }
has_python() { quietly python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'; }
has_venv() { quietly python3 -c 'import venv, ensurepip'; }
# Used only where Java is installed already.
has_java_reader() { ! quietly command -v javac || [[ -e /usr/share/java/hdrhistogram.jar ]]; }

# hwloc lists its private libraries for dynamic linking, too; a build of hwloc without udev does not list udev.
has_udev() {
  ! has_hwloc && return 1
  case " $("${PKG_CONFIG:-pkg-config}" --libs --static hwloc) " in
    *" -ludev "*) quietly "${PKG_CONFIG:-pkg-config}" --exists libudev ;;
  esac
}

# The places that the clang-sys crate searches, shortened.
has_libclang() {
  if [[ -n ${LIBCLANG_PATH:-} ]]; then
    compgen -G "$LIBCLANG_PATH*" >/dev/null
    return
  fi
  local config directory
  config=${LLVM_CONFIG_PATH:-llvm-config}
  for directory in "$(quietly command -v "$config" && "$config" --libdir)" /usr/lib/llvm-*/lib \
    /usr/lib/*-linux-gnu /usr/lib64 /usr/lib64/llvm*/lib* /usr/local/lib* $(tr : " " <<<"${LD_LIBRARY_PATH:-}"); do
    [[ -n $directory ]] && compgen -G "$directory/libclang*.so*" | grep -qE '/libclang(-[0-9.]+)?\.so' && return
  done
  return 1
}

# A script cannot install rustup's cargo for a user; an old cargo fails on Cargo.toml with an unclear message.
rust_wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml)
rust_found=$(quietly command -v cargo && rustc --version 2>/dev/null | cut -d' ' -f2) || rust_found=none
has_rust() {
  [[ $rust_found != none && $(printf '%s\n' "$rust_wanted" "${rust_found%%-*}" | sort -V | head -n 1) == "$rust_wanted" ]]
}
readonly RUST_NEEDS=("has_rust|Rust $rust_wanted or newer with cargo, found $rust_found (https://rustup.rs, or rustup update)|||")

# Prints the rows whose check fails.
missing_of() {
  local row
  for row in "$@"; do
    "${row%%|*}" || printf '%s\n' "$row"
  done
}

# Sets `missing` and `missing_wanted` to the rows of `needs` and `wanted` whose check fails.
find_missing() {
  mapfile -t missing < <(missing_of ${needs[@]+"${needs[@]}"})
  mapfile -t missing_wanted < <(missing_of ${wanted[@]+"${wanted[@]}"})
}

# column NUMBER ROW..: prints this column of the rows on one line, each word once.
column() {
  local number=$1
  shift
  printf '%s\n' "$@" | cut -d'|' -f"$number" | tr -s ' ' '\n' | awk 'NF && !seen[$0]++' | paste -sd' '
}

can_install() {
  quietly command -v apt-get || return 1
  [[ $(id -u) == 0 ]] && return
  quietly command -v sudo || return 1
  quietly sudo -n true || [[ -t 0 ]] # a password can be asked for at a terminal only
}

# Appends the output of an installer to the log; the end of it is shown when that failed.
logged() { "$@" >>"$log" 2>&1; }
show_log() {
  tail -n "$1" "$log" >&2
  echo "setup: $2; all output is in $log" >&2
}

install_missing() {
  local packages apt
  read -ra packages <<<"$(column 3 "${missing[@]}" "${missing_wanted[@]}")"
  ((${#packages[@]})) || return 0
  apt=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  [[ $(id -u) == 0 ]] || apt=(sudo "${apt[@]}")
  echo "setup: installing ${packages[*]}" >&2
  # An unreachable source may not be the source of these packages, so only a failed install is an error.
  logged "${apt[@]}" update || true
  if logged "${apt[@]}" install -y --no-install-recommends "${packages[@]}"; then
    installed+=("${packages[@]}")
    return
  fi
  # One package that this machine's sources lack must not keep the others out.
  if ((${#missing_wanted[@]})); then
    read -ra packages <<<"$(column 3 "${missing[@]}")"
    ((${#packages[@]})) && logged "${apt[@]}" install -y --no-install-recommends "${packages[@]}" &&
      installed+=("${packages[@]}") && return
  fi
  show_log 10 "apt-get failed"
}

# names ROW..: the names of the rows, one per line.
names() { printf '%s\n' "$@" | cut -d'|' -f2; }

# how_to_get TITLE ROW..: prints the commands that install the rows.
how_to_get() {
  local title=$1 row packages
  shift
  echo "$title" >&2
  packages=$(column 3 "$@")
  [[ -z $packages ]] || printf '  Debian, Ubuntu:  apt-get install %s\n' "$packages" >&2
  packages=$(column 4 "$@")
  [[ -z $packages ]] || printf '  RHEL, Fedora:    dnf install %s\n' "$packages" >&2
  for row in "$@"; do
    [[ $row == *"|" ]] || printf '  module load      %s\n' "${row##*|}"
  done | sort -u >&2
}

print_missing() {
  echo "setup: missing on this machine:" >&2
  names "${missing[@]}" | sed 's/^/  /' >&2
  ((${#missing_wanted[@]} == 0)) || names "${missing_wanted[@]}" | sed 's/^/  optional: /' >&2
  how_to_get "Install the packages, or load your site's modules, and call make again:" "${missing[@]}"
  ((${#missing_wanted[@]} == 0)) || how_to_get "Optional, for tests that are skipped otherwise:" "${missing_wanted[@]}"
  if [[ $with_libraries == yes && -n $(missing_of "${LIBRARY_NEEDS[@]}") ]]; then
    echo "Without MPI and hwloc (one node, nothing bound): make ... CARGO_FLAGS=--no-default-features" >&2
  fi
}

# Installs the packages of analysis/requirements.txt into their own folder. numamark_reader does not need them; a machine that
# cannot install them skips the tests that need them, with the reason. The notebook cannot do without, and on a CI machine no
# test is skipped.
make_venv() {
  cmp -s analysis/requirements.txt "$venv/requirements.txt" && quietly "$venv/bin/python" -c 'import polars' && return
  echo "setup: installing analysis/requirements.txt in $venv" >&2
  if logged python3 -m venv --clear "$venv" &&
    logged "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --retries 1 --timeout 20 \
      -r analysis/requirements.txt; then
    cp analysis/requirements.txt "$venv"
    installed+=("$venv")
    return
  fi
  show_log 3 "without $venv the notebook and the tests that need its packages cannot run"
  [[ -z ${CI:-} && $asked == *" test "* ]] || exit 5
}

# rsmpi reads the compiler wrapper once and cargo never reruns it: when the same name leads to another MPI,
# the old build has to be removed.
forget_other_mpi() {
  local now
  now=$("${MPICC:-mpicc}" -show 2>/dev/null) || return 0
  if [[ -e $folder/mpi-wrapper && $(<"$folder/mpi-wrapper") != "$now" ]]; then
    echo "setup: ${MPICC:-mpicc} now means another MPI; rebuilding for it" >&2
    cargo clean --quiet -p mpi-sys -p mpi
    cargo clean --quiet --release -p mpi-sys -p mpi
  fi
  echo "$now" >"$folder/mpi-wrapper"
}

readonly venv=analysis/.venv
readonly asked=" $* "
readonly folder=${CARGO_TARGET_DIR:-target}
readonly log=$folder/setup.log
mkdir -p "$folder"
: >"$log"
needs=() wanted=() installed=() missing=() missing_wanted=() with_libraries=no
if [[ $asked == *" build "* ]]; then
  needs+=("${RUST_NEEDS[@]}" "${BUILD_NEEDS[@]}")
  [[ ${CARGO_FLAGS:-} == *--no-default-features* ]] || with_libraries=yes
fi
[[ $with_libraries == no ]] || needs+=("${LIBRARY_NEEDS[@]}")
[[ $asked != *" peers "* && $asked != *" test "* ]] || needs+=("${PEER_NEEDS[@]}")
case $asked in
  *" test "*) needs+=("${ANALYSIS_NEEDS[@]}") wanted+=("${TEST_WANTED[@]}" "${VENV_NEEDS[@]}") ;;
  *" analysis "*) needs+=("${ANALYSIS_NEEDS[@]}" "${VENV_NEEDS[@]}") ;;
esac

find_missing
if ((${#missing[@]} + ${#missing_wanted[@]} > 0)) && can_install; then
  install_missing
  find_missing
fi
if ((${#missing[@]} > 0)); then
  print_missing
  exit 5
fi
if ((${#missing_wanted[@]} > 0)); then
  echo "setup: not here, so tests are skipped: $(names "${missing_wanted[@]}" | paste -sd',' | sed 's/,/, /g')" >&2
fi
[[ $asked != *" test "* && $asked != *" analysis "* ]] || make_venv
[[ $with_libraries == no ]] || forget_other_mpi
if ((${#installed[@]})); then
  echo "setup: installed ${installed[*]}, $SECONDS s" >&2
elif ((${#missing_wanted[@]} == 0)); then
  echo "setup: nothing was missing, $SECONDS s" >&2
else
  echo "setup: nothing else was missing, $SECONDS s" >&2
fi
