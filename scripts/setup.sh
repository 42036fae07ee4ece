#!/usr/bin/env bash
# Finds missing packages for building (and testing) numamark, and installs them where that is possible.
#
#   scripts/setup.sh build        what `cargo build` needs
#   scripts/setup.sh build peers  and what a build with the allocators of other projects needs
#   scripts/setup.sh build test   and what the tests need, which are built with these
#   scripts/setup.sh analysis     only analysis/.venv: Python packages for the notebook
#
# Silent when nothing is missing. With apt-get and root (or sudo) it installs; anywhere else it prints the
# packages and modules and exits with 5, the code for "this machine cannot run it as it is".
# CARGO_FLAGS=--no-default-features leaves out MPI and hwloc. Reads MPICC, LIBCLANG_PATH, PKG_CONFIG_PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

# One row a need: check | name | apt packages | dnf packages | modules. Missing WANTED rows are no error.
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
readonly ANALYSIS_WANTED=(
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
require_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml)
  if ! quietly command -v cargo; then
    echo "setup: no cargo on PATH; install Rust $wanted or newer: https://rustup.rs" >&2
    exit 5
  fi
  found=$(rustc --version | cut -d' ' -f2)
  if [[ $(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1) != "$wanted" ]]; then
    echo "setup: Rust $found is too old, numamark needs $wanted or newer: rustup update" >&2
    exit 5
  fi
}

# Sets `missing` to the rows whose check fails.
find_missing() {
  missing=()
  local row
  for row in "$@"; do
    "${row%%|*}" || missing+=("$row")
  done
}

# Prints column NUMBER of the missing rows on one line, each word once.
column() { printf '%s\n' "${missing[@]}" | cut -d'|' -f"$1" | tr -s ' ' '\n' | awk 'NF && !seen[$0]++' | paste -sd' '; }

can_install() {
  quietly command -v apt-get || return 1
  [[ $(id -u) == 0 ]] && return
  quietly command -v sudo || return 1
  quietly sudo -n true || [[ -t 0 ]] # a password can be asked for at a terminal only
}

install_missing() {
  local log packages apt
  log=$(mktemp)
  read -ra packages <<<"$(column 3)"
  apt=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  [[ $(id -u) == 0 ]] || apt=(sudo "${apt[@]}")
  echo "setup: installing ${packages[*]}" >&2
  # An unreachable source may not be the source of these packages, so only a failed install is an error.
  "${apt[@]}" update >"$log" 2>&1 || true
  if "${apt[@]}" install -y --no-install-recommends "${packages[@]}" >>"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 30 "$log" >&2
    echo "setup: apt-get failed, see above; its whole output is in $log" >&2
  fi
}

print_missing() {
  local row
  echo "setup: missing on this machine:" >&2
  for row in "${missing[@]}"; do cut -d'|' -f2 <<<"$row" | sed 's/^/  /' >&2; done
  echo "Install the packages, or load your site's modules, and call make again:" >&2
  printf '  Debian, Ubuntu:  apt-get install %s\n' "$(column 3)" >&2
  printf '  RHEL, Fedora:    dnf install %s\n' "$(column 4)" >&2
  for row in "${missing[@]}"; do
    [[ $row == *"|" ]] || printf '  module load      %s\n' "${row##*|}" >&2
  done
  [[ ${CARGO_FLAGS:-} == *--no-default-features* ]] ||
    echo "Without MPI and hwloc (one node, nothing bound): make ... CARGO_FLAGS=--no-default-features" >&2
}

# Installs the packages of analysis/requirements.txt into their own folder. numamark_reader does not need them; a machine that
# cannot install them skips the tests that need them, with the reason. On a CI machine no test is skipped.
make_venv() {
  local log
  cmp -s analysis/requirements.txt "$venv/requirements.txt" && quietly "$venv/bin/python" -c 'import polars' && return
  echo "setup: installing analysis/requirements.txt in $venv" >&2
  log=$(mktemp)
  if python3 -m venv --clear "$venv" >"$log" 2>&1 &&
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --retries 1 --timeout 20 \
      -r analysis/requirements.txt >>"$log" 2>&1; then
    cp analysis/requirements.txt "$venv"
    rm -f "$log"
    return
  fi
  tail -n 3 "$log" >&2
  echo "setup: without $venv the notebook and the tests that need its packages cannot run; all output is in $log" >&2
  [[ -z ${CI:-} ]] || exit 5
}

# rsmpi reads the compiler wrapper once and cargo never reruns it: when the same name leads to another MPI,
# the old build has to be removed.
forget_other_mpi() {
  local folder=${CARGO_TARGET_DIR:-target} now
  now=$("${MPICC:-mpicc}" -show 2>/dev/null) || return 0
  if [[ -e $folder/mpi-wrapper && $(<"$folder/mpi-wrapper") != "$now" ]]; then
    echo "setup: ${MPICC:-mpicc} now means another MPI; rebuilding for it" >&2
    cargo clean --quiet -p mpi-sys -p mpi
    cargo clean --quiet --release -p mpi-sys -p mpi
  fi
  mkdir -p "$folder"
  echo "$now" >"$folder/mpi-wrapper"
}

readonly venv=analysis/.venv
needs=() wanted=()
if [[ " $* " == *" build "* ]]; then
  require_rust
  needs+=("${BUILD_NEEDS[@]}")
  [[ ${CARGO_FLAGS:-} == *--no-default-features* ]] || needs+=("${LIBRARY_NEEDS[@]}")
fi
[[ " $* " != *" peers "* && " $* " != *" test "* ]] || needs+=("${PEER_NEEDS[@]}")
if [[ " $* " == *" test "* ]]; then
  wanted+=("${TEST_WANTED[@]}")
fi
if [[ " $* " == *" test "* || " $* " == *" analysis "* ]]; then
  needs+=("${ANALYSIS_NEEDS[@]}")
  wanted+=("${ANALYSIS_WANTED[@]}")
fi

find_missing "${needs[@]}" ${wanted[@]+"${wanted[@]}"}
if ((${#missing[@]} > 0)) && can_install; then
  install_missing
fi
find_missing "${needs[@]}"
if ((${#missing[@]} > 0)); then
  print_missing
  exit 5
fi
[[ " $* " != *" test "* && " $* " != *" analysis "* ]] || make_venv
[[ " $* " != *" build "* || ${CARGO_FLAGS:-} == *--no-default-features* ]] || forget_other_mpi
