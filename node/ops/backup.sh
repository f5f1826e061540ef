#!/bin/sh
# backup.sh DATA KEY DIR: copies a validator's database and key into a new folder of DIR. The validator may be running.
set -eu
[ $# = 3 ] || { echo "usage: $0 DATA KEY DIR" >&2; exit 2; }
data=$1 key=$2 to=$3/$(date -u +%Y-%m-%dT%H%M%SZ)
umask 077
mkdir -p "$3"
mkdir "$to"
# A snapshot of one moment, with what is in the write-ahead log. `cp` would miss that.
sqlite3 "$data/validator.sqlite" ".timeout 10000" ".backup '$to/validator.sqlite'"
test "$(sqlite3 "$to/validator.sqlite" 'PRAGMA integrity_check')" = ok
cp "$key" "$to/validator.key"
# `deposits.sqlite` is read from the chain again.
echo "$to"
