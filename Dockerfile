# One image for both: the launcher that plans a run, and the workers that carry it out.
# Workers install nothing when they start.
ARG BASE=python:3.11.14-slim-bookworm
ARG SDK=apache/beam_python3.11_sdk:2.77.0
ARG LAUNCHER=gcr.io/dataflow-templates-base/python311-template-launcher-base:20260122_RC00

FROM ${SDK} AS sdk
FROM ${LAUNCHER} AS launcher

# Everything becomes a wheel here, by hash; what comes as source only is built without
# fetching anything else. Beam's image has the compiler that our own C needs, and the same
# Python and Debian as the base.
FROM ${SDK} AS wheels
WORKDIR /source
COPY requirements.txt requirements-build.txt ./
# The secret, if there is one: certificate authorities of a network that has its own.
# pip before 24.2 looks at the system's authorities only when it is told to.
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    export PIP_CERT=/etc/ssl/certs/ca-certificates.crt && \
    python -m pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: \
      --target /build -r requirements-build.txt && \
    PYTHONPATH=/build python -m pip wheel --no-cache-dir --require-hashes --no-deps \
      --use-pep517 --no-build-isolation --wheel-dir /wheels -r requirements.txt
COPY setup.py pyproject.toml ./
COPY auto_schema auto_schema
COPY warehouse warehouse
COPY sources sources
COPY smart_sync smart_sync
COPY pipeline pipeline
COPY scheduler scheduler
RUN PYTHONPATH=/build python -m pip wheel --no-deps --no-index --use-pep517 \
      --no-build-isolation --wheel-dir /wheels .

FROM ${BASE}
COPY --from=sdk /opt/apache/beam /opt/apache/beam
COPY --from=launcher /opt/google/dataflow/python_template_launcher \
     /opt/google/dataflow/python_template_launcher
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-deps --no-index /wheels/*.whl && \
    python -m pip check && \
    python -c "import auto_schema.compiled, sources.postgresql.wire.compiled, sources.mongodb.wire.compiled"
COPY main.py LICENSE /template/

# IMAGE is the name under which this image will be found: main.py gives it to the workers.
# Nothing is installed on workers, so Beam's boot needs no environment of its own there.
ARG IMAGE=
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/main.py \
    SMART_SYNC_IMAGE=${IMAGE} \
    RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 \
    PYTHONUNBUFFERED=1
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Smart Sync to BigQuery" \
      org.opencontainers.image.description="PostgreSQL, MongoDB or BigQuery into BigQuery" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

# No USER: Dataflow's launcher writes to /var/log/dataflow and its workers to folders that
# are mounted as root's. The program itself needs no root: docs/decisions/0014.
ENTRYPOINT ["/opt/apache/beam/boot"]
