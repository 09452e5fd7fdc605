#!/bin/sh
# A PostgreSQL for tests, in a directory and on a port of its own: `sh tests/postgres.sh`.
#
# Prints its address once it answers, and then obeys `stop`, `start` and `create DATABASE` on standard input, each answered with a line. It is
# gone, with its directory, when standard input ends: so also when whoever started it was killed. It is as fast as it can be,
# and keeps nothing: fsync is off.
set -eu

bin=${OAUTH_SYNC_POSTGRES:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
[ -n "$bin" ] || bin=$(dirname "$(command -v pg_ctl || true)")
if [ ! -x "$bin/initdb" ]; then
  echo "PostgreSQL is missing: install it (on Debian: apt-get install postgresql), or name its bin directory in OAUTH_SYNC_POSTGRES" >&2
  exit 1
fi

# The end of standard input is what ends it, not a Ctrl-C that its parent gets too.
trap '' INT HUP TERM

directory=$(mktemp -d "${TMPDIR:-/tmp}/oauth-sync-postgres-XXXXXX")
as=
if [ "$(id -u)" = 0 ]; then
  # It refuses to run as root.
  user=postgres
  id -u "$user" >/dev/null 2>&1 || user=nobody
  as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
  chown "$user" "$directory"
fi
cd "$directory"
data=$directory/data

# Its own output goes to a file: whoever reads ours waits for the end of it.
quietly() { $as "$@" >>"$directory/commands.log" 2>&1 </dev/null; }
# `data` holds `port` in its configuration once one was free.
start() { quietly "$bin/pg_ctl" start -w -s -D "$data" -l "$data/server.log"; }
stop() { quietly "$bin/pg_ctl" stop -w -s -D "$data" -m immediate; }
end() {
  stop || true
  cd /
  rm -rf "$directory"
}
trap end EXIT

quietly "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-locale --no-sync --no-instructions
quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
  -out "$data/server.crt" -keyout "$data/server.key"
$as tee -a "$data/postgresql.conf" >/dev/null <<CONFIGURATION
listen_addresses = '127.0.0.1'
unix_socket_directories = '$data'
max_connections = 300
ssl = on
fsync = off
full_page_writes = off
autovacuum = off
CONFIGURATION

tries=0
until
  # Below the range from which the system takes ports by itself.
  port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
  $as sh -c "echo port = $port >> '$data/postgresql.conf'" && start
do
  tries=$((tries + 1))
  if [ "$tries" = 5 ]; then
    cat "$directory/commands.log" "$data/server.log" >&2
    exit 1
  fi
done
echo "postgres://postgres@127.0.0.1:$port/"

create() { quietly "$bin/createdb" -h 127.0.0.1 -p "$port" -U postgres "$1"; }

while read -r command name; do
  case $command in
    start | stop | create) "$command" "$name" && echo "$command: done" || echo "$command: failed" ;;
    *) echo "$command: unknown" ;;
  esac
done
