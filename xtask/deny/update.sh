#!/bin/sh
# Takes the advisories about the crates of Cargo.lock from a clone of https://github.com/rustsec/advisory-db.
#
#     xtask/deny/update.sh PATH/TO/advisory-db
set -eu
from=$(cd "$1" && git rev-parse --absolute-git-dir)
cd "$(dirname "$0")"
rm -rf advisories
mkdir -p advisories/crates
git --git-dir="$from" ls-tree --name-only HEAD crates/ | sed 's|^crates/||' | sort > advisories/all
sed -n 's/^name = "\(.*\)"$/\1/p' ../../Cargo.lock | sort -u | comm -12 - advisories/all > advisories/ours
rm advisories/all
while read -r crate; do
    git --git-dir="$from" archive HEAD "crates/$crate" | tar -xf - -C advisories
done < advisories/ours
rm advisories/ours
# Advisories that were withdrawn say nothing.
grep -rl '^withdrawn = ' advisories/crates | xargs -r rm
# Not pages of ours: the suite gives them their names back.
find advisories -name '*.md' | while read -r file; do mv "$file" "${file%.md}.txt"; done
find advisories -type d -empty -delete
git --git-dir="$from" show --no-patch --format='%H %cs' HEAD > advisories/snapshot
