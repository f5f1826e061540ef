#!/bin/sh
# restore.sh BACKUP DATA KEY: puts a folder that backup.sh has made in the place of a validator's database and key.
# The validator must be stopped. What is there is moved aside, not deleted.
set -eu
[ $# = 3 ] || { echo "usage: $0 BACKUP DATA KEY" >&2; exit 2; }
from=$1 data=$2 key=$3
umask 077
test "$(sqlite3 "$from/validator.sqlite" 'PRAGMA integrity_check')" = ok
if [ -e "$key" ] && ! cmp -s "$from/validator.key" "$key"; then
    echo "$key is another key than the backup's" >&2
    exit 1
fi
if [ -e "$data" ]; then mv "$data" "$data.before-$(date -u +%Y-%m-%dT%H%M%SZ)"; fi
mkdir -p "$data"
cp "$from/validator.sqlite" "$data/validator.sqlite"
[ -e "$key" ] || cp "$from/validator.key" "$key"
# The owner of the folder that held the data, where this is run by root.
chown -R --reference="$(dirname "$data")" "$data" "$key"
echo "restored $data; now run: vouch-node audit --data $data --models MODELS"
