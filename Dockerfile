# The server as an image: built from the source, run by a user of its own, with its workspace in a volume.
FROM node:22-slim AS pages
WORKDIR /source/web-ui
COPY web-ui .
RUN npm ci --ignore-scripts --no-audit --no-fund && node build.mjs /static /tools

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY src src
COPY examples examples
COPY --from=pages /static src/firsthand/web/static
RUN pip install --no-cache-dir "uv>=0.7" \
 && uv sync --locked --no-dev --no-editable

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 firsthand && install -d -o firsthand /workspace
COPY --from=build /source/.venv /source/.venv
ENV PATH=/source/.venv/bin:$PATH \
    FIRSTHAND_HOME=/workspace \
    PYTHONUNBUFFERED=1
USER firsthand
VOLUME /workspace
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["firsthand"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
