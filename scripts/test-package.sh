#!/usr/bin/env bash
# Tests one form in which numamark is handed on, in an empty folder. Called by scripts/test-deep.sh.
#
#   scripts/test-package.sh archive      the archive of `cargo package` holds all that it needs to build
#   scripts/test-package.sh debian       the Debian package is complete, and its program runs
#   scripts/test-package.sh container    the Dockerfile builds, and its program runs, alone and under mpirun
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
folder=$(mktemp -d)
readonly folder
trap 'rm -rf "$folder"' EXIT
readonly SHORT=(--set run.duration=20ms --set run.warmup=1ms --set run.limit=0ms --set run.repetitions=2
  --set rank.share_nodes=true)

archive() {
  local version
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
  cargo package --quiet --offline --no-verify --allow-dirty
  tar -xzf "$CARGO_TARGET_DIR/package/numamark-$version.crate" -C "$folder"
  cd "$folder/numamark-$version"
  cargo check --quiet --offline --locked --all-targets --features peers,allocator-api2
}

debian() {
  local package file
  rm -f "$CARGO_TARGET_DIR"/debian/numamark_*.deb
  make package
  package=$(compgen -G "$CARGO_TARGET_DIR/debian/numamark_*.deb")
  dpkg-deb --field "$package" Depends Recommends
  dpkg-deb --field "$package" Depends | grep -q libhwloc
  dpkg-deb --extract "$package" "$folder/system"
  for file in bin/numamark share/man/man1/numamark-run.1* share/bash-completion/completions/numamark \
    share/zsh/vendor-completions/_numamark share/fish/vendor_completions.d/numamark.fish \
    share/doc/numamark/{copyright,README.md*,CHANGELOG.md*,jobs/quick.toml,docs/allocator.md*,slurm/run.sbatch}; do
    compgen -G "$folder/system/usr/$file" >/dev/null || { echo "the package has no usr/$file" >&2 && exit 1; }
  done
  cd "$folder"
  PATH=$folder/system/usr/bin:$PATH
  numamark run quick "${SHORT[@]}" --out out
  numamark verify out
}

container() {
  docker build --tag numamark-test .
  docker run --rm numamark-test run quick "${SHORT[@]}"
  docker run --rm --entrypoint mpirun numamark-test --oversubscribe -n 2 numamark run quick "${SHORT[@]}"
}

case ${1:-} in
  archive | debian | container) "$1" ;;
  *) echo "test-package: expected archive, debian or container" >&2 && exit 2 ;;
esac
