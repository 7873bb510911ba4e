FROM threadplane-test/debian:bookworm
RUN apt-get update -q && apt-get install -q -y --no-install-recommends python3 python3-venv libgomp1 libexpat1 \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED \
    && ln -s /usr/bin/python3 /usr/local/bin/python && ln -s /usr/bin/python3 /usr/local/bin/python3 \
    && python3 -m venv /tmp/first \
    && /tmp/first/bin/python -m pip --python /usr/bin/python3 install --quiet --no-cache-dir pip setuptools wheel \
    && rm -rf /tmp/first
CMD ["python3"]
