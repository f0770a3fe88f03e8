# syntax=docker/dockerfile:1
# The image of every role. Only the bundle goes into it: no package manager, no shell, no node_modules.
# Reproducible: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) docker buildx build --build-arg SOURCE_DATE_EPOCH \
#   --output type=oci,dest=countersign.tar,rewrite-timestamp=true .
# Pin both images by digest in a release (--build-arg BUILD_IMAGE=… --build-arg RUNTIME_IMAGE=…).
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
ARG SOURCE_DATE_EPOCH=0
WORKDIR /src
COPY package.json package-lock.json ./
# No install scripts: esbuild's binary comes as a package of its own, and this image has the Node that runs the build.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY crds ./crds
COPY hack/build.ts ./hack/build.ts
COPY operator ./operator
COPY plugin ./plugin
COPY webhooks ./webhooks
RUN node hack/build.ts operator && find dist -exec touch --no-dereference --date=@${SOURCE_DATE_EPOCH} {} +

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.description="The approval gate for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build --chown=0:0 /src/dist/ /app/
# By number, so that runAsNonRoot can be checked before the container starts.
USER 65532:65532
ENV NODE_ENV=production
# Nearly all is done by one thread: arenas for the others would only keep 15 to 20 MB from being used again.
ENV MALLOC_ARENA_MAX=1
EXPOSE 8081 8443
# The entry point of the base image is node.
CMD ["--enable-source-maps", "/app/operator.mjs"]
