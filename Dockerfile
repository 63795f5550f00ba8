# syntax=docker/dockerfile:1
# One image, two roles: the gateway, and with `node models/runner/main.ts` the runner. Node strips the types itself.
FROM node:24.21.0-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# What makes the infrastructure is not needed to run in it, and neither are the binaries of other systems.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && npm uninstall --no-save --omit=dev --ignore-scripts --no-audit --no-fund \
      pulumi @pulumi/pulumi @pulumi/aws @pulumi/gcp @pulumi/policy \
 && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

# The console's page is made here and goes with the image; what makes it does not.
FROM node:24.21.0-trixie-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY console console
RUN node console/build.ts

FROM node:24.21.0-trixie-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data CACHE_DIR=/data
WORKDIR /app
# The one place to write: a volume that is mounted here is this user's too, and the rest may be read-only.
RUN install -d -o node -g node -m 0700 /data
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY experiments experiments
COPY models models
COPY gateway gateway
COPY docs docs
COPY --from=console /app/console/dist console/dist
# The image's own user `node`, by its number: Kubernetes refuses a name where it wants to know who it is not.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 8080 8081 9090
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 8080}/livez`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "gateway/main.ts"]
