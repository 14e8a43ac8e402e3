# Build on the toolchain's image; run on a small one, as a user without rights. What is copied is
# what .dockerignore lets in; secrets come at the start, by the environment.
FROM rust:1.90.0-bookworm AS build
WORKDIR /build
COPY . .
# What was built of the dependencies is kept for the next build, outside the layers.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/build/target,sharing=locked \
    cargo build --release --locked --bin colloquy \
    && cp target/release/colloquy /usr/local/bin/colloquy

FROM debian:12.11-slim
# Debian's mirrors keep no version but the newest, so that one that is named cannot be had for long.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin colloquy
COPY --from=build /usr/local/bin/colloquy /usr/local/bin/colloquy
# By number, which can be seen to be no root without reading the image.
USER 10001
ENV COLLOQUY_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
    CMD ["curl", "--fail", "--silent", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["colloquy"]
CMD ["serve"]
