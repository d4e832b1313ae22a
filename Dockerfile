# An image that contains only lpgen: docker build --tag lpgen .
FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN python -P -m venv /opt/lpgen && /opt/lpgen/bin/python -P -m pip --no-cache-dir --disable-pip-version-check install .

FROM python:3.13-slim
COPY --from=build /opt/lpgen /opt/lpgen
RUN useradd --create-home --uid 10001 lpgen && install --directory --owner lpgen /work
# Python imports nothing from the folder that is mounted at /work.
ENV PATH=/opt/lpgen/bin:$PATH HOME=/home/lpgen PYTHONSAFEPATH=1
USER 10001
WORKDIR /work
ENTRYPOINT ["lpgen"]
CMD ["--help"]
