# The base is an argument: any image with Python 3.11 to 3.13 and venv (tools/build_image.sh
# bootstraps one from Debian where no registry can be reached).
ARG BASE=python:3.13-slim

# hadolint ignore=DL3006
FROM ${BASE} AS build
WORKDIR /src
COPY requirements/build.lock requirements/run.lock requirements/
RUN python3 -m venv /opt/build \
 && python3 -m venv --without-pip /opt/consent-sidecar \
 && /opt/build/bin/pip install --quiet --no-cache-dir --require-hashes -r requirements/build.lock \
 && /opt/build/bin/pip --python /opt/consent-sidecar/bin/python install --quiet --no-cache-dir \
      --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY sidecar sidecar
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
 && /opt/build/bin/pip --python /opt/consent-sidecar/bin/python install --quiet --no-cache-dir \
      --no-deps dist/*.whl
COPY config /etc/consent-sidecar
RUN sed -i 's#^database = .*#database = "sqlite:////var/lib/consent-sidecar/records.db"#' \
      /etc/consent-sidecar/sidecar.toml

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="Consent Sidecar" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10064 --no-log-init --home-dir /var/lib/consent-sidecar --create-home sidecar
COPY --from=build /opt/consent-sidecar /opt/consent-sidecar
COPY --from=build /etc/consent-sidecar /etc/consent-sidecar
ENV PATH=/opt/consent-sidecar/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 10064
WORKDIR /var/lib/consent-sidecar
VOLUME /var/lib/consent-sidecar
# SIP and HTTP. RTP needs a port pair a stream: run it with the network of the host.
EXPOSE 5070/udp 5070/tcp 9464/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9464/healthz', timeout=2)"]
ENTRYPOINT ["consent-sidecar"]
CMD ["run", "-c", "/etc/consent-sidecar/sidecar.toml"]
