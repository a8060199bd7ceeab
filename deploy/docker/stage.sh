#!/usr/bin/env bash
# stage.sh BINARY LIBDUCKDB INTO: lays out what the image holds below INTO, as it lies below / there.
# Run by the Dockerfile, and by the tests in a plain folder.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
binary=$1 duckdb=$2 into=$3
install -D -m 0755 "$binary" "$into/usr/local/bin/sentinelops"
install -D -m 0644 "$duckdb" "$into/usr/local/lib/libduckdb.so"
install -D -m 0644 "$here/config.yaml" "$into/etc/sentinelops/config.yaml"
install -D -m 0755 "$here/healthcheck.sh" "$into/usr/local/bin/sentinelops-healthcheck"
install -d -m 0750 "$into/var/lib/sentinelops"
# The debug symbols are of no use there.
if command -v strip >/dev/null; then strip --strip-unneeded "$into/usr/local/bin/sentinelops"; fi
