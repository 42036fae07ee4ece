#!/usr/bin/env bash
# Makes the files that a package holds beside the program, and the Debian package itself.
#
#   target/release/share/         man pages, and completions of bash, zsh and fish, where they belong below /usr/share
#   target/debian/numamark_*.deb  the package; its recipe is [package.metadata.deb] of Cargo.toml
#
# Needs the release build, which `make package` makes, and cargo-deb.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly target=${CARGO_TARGET_DIR:-target}
readonly program=$target/release/numamark share=$target/release/share

# completions SHELL FILE: writes what the shell reads.
completions() {
  mkdir -p "$share/$(dirname "$2")"
  "$program" completions "$1" >"$share/$2"
}

rm -rf "$share"
"$program" man "$share/man/man1" >/dev/null
completions bash bash-completion/completions/numamark
completions zsh zsh/vendor-completions/_numamark
completions fish fish/vendor_completions.d/numamark.fish

if ! cargo deb --version >/dev/null 2>&1; then
  echo "package: no cargo-deb on PATH; $share is complete. For the Debian package: cargo install --locked cargo-deb" >&2
  exit 5
fi
# Not for another machine's libraries: the dependencies are those of the program that was built here.
cargo deb --quiet --no-build
