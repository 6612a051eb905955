#!/usr/bin/env bash
# Renews the locked requirement files: requirements/lock.sh [--upgrade]
set -euo pipefail
cd "$(dirname "$0")/.."
for use in setup runtime dev; do
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header "$@" requirements/$use.in -o requirements/$use.txt
done
