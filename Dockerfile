# One image for Dagster's code server, webserver and daemon, the app and the docs; docker-compose.yml says which one a
# container is. An exact tag: a digest would be exacter, and belongs here once a registry has been asked for it.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PAIDMEDIA_HOME=/data \
    DAGSTER_HOME=/data/dagster

RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin paidmedia \
    && install --directory --owner paidmedia --group paidmedia /app /data /data/dagster

WORKDIR /app

# The packages first: this layer changes only with the lock.
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes --requirement requirements.lock

COPY --chown=paidmedia:paidmedia . .
# Editable, because dbt_project and dagster.yaml are found beside the code.
RUN pip install --no-deps --no-build-isolation --editable .

USER 10001:10001

# The graph of models, so that a container starts without parsing it first. Needs no database.
RUN dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project

VOLUME /data
EXPOSE 3000 4000 8501 8080
CMD ["paidmedia", "--help"]
