# numamark with Open MPI on Debian 12: built from this folder, runs the quick job on the NUMA nodes of the host.
#
#   docker build --tag numamark .
#   docker run --rm --cap-add SYS_NICE numamark
#   docker run --rm --cap-add SYS_NICE --volume "$PWD:/results" --user "$(id -u)" numamark run chunk-sweep --out /results/sweep
#   docker run --rm --cap-add SYS_NICE --entrypoint mpirun numamark --oversubscribe -n 2 numamark run quick --set rank.share_nodes=true
#
# The commit in the results: --build-arg NUMAMARK_GIT_COMMIT="$(git rev-parse HEAD)"

FROM rust:1-bookworm AS build
WORKDIR /build
# The packages are those of scripts/setup.sh, which installs them.
COPY Cargo.toml ./
COPY scripts/setup.sh scripts/
RUN scripts/setup.sh build
RUN cargo install --locked cargo-deb
COPY Cargo.lock build.rs README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT Makefile ./
COPY scripts scripts
COPY docs docs
COPY jobs jobs
COPY slurm slurm
COPY benches benches
COPY examples examples
COPY tests tests
COPY src src
ARG NUMAMARK_GIT_COMMIT=
RUN make package

# The libraries are those that the package depends on.
FROM debian:bookworm-slim
COPY --from=build /build/target/debian/*.deb /tmp/
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends /tmp/*.deb openmpi-bin \
  && rm -rf /tmp/*.deb /var/lib/apt/lists/*
# mpirun refuses to run as root.
RUN useradd numamark && install --directory --owner=numamark /results
USER numamark
WORKDIR /results
ENTRYPOINT ["numamark"]
CMD ["run", "quick"]
