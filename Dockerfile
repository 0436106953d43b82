# syntax=docker/dockerfile:1
# Redeem's programs in one image: a worker unless another command is given. No setting and no secret is in it.
#     docker build --tag redeem .
# Builds that are to be the same tomorrow name the base by its digest: --build-arg BASE=python:3.11-slim-bookworm@sha256:…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /opt/redeem
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check 'uv==0.13.*'
# What changes seldom comes first: only another uv.lock installs the dependencies anew.
COPY pyproject.toml uv.lock ./
RUN /opt/uv/bin/uv sync --locked --no-dev --all-extras --no-install-project
COPY LICENSE README.md ./
COPY config ./config
COPY tasks ./tasks
COPY worker ./worker
RUN /opt/uv/bin/uv sync --locked --no-dev --all-extras --no-editable

FROM ${BASE}
LABEL org.opencontainers.image.title="redeem" \
      org.opencontainers.image.description="Tells Sovendus and Uniqodo which of their voucher codes an order used" \
      org.opencontainers.image.licenses="MIT"
ENV PATH="/opt/redeem/.venv/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    REDEEM_LIVENESS_FILE=/tmp/alive \
    REDEEM_LOG_FORMAT=json \
    REDEEM_READINESS_FILE=/tmp/ready
COPY --from=build /opt/redeem/.venv /opt/redeem/.venv
# redeem.toml may be mounted here; secrets go to /run/secrets, a file each, named as its variable.
WORKDIR /etc/redeem
USER 10001:10001
STOPSIGNAL SIGTERM
# For workers. Others of its programs are run with --no-healthcheck, or with a check of their own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=2 \
    CMD ["sh", "-c", "test -n \"$(find /tmp/alive -mmin -2)\""]
CMD ["celery", "-A", "worker.app", "worker"]
