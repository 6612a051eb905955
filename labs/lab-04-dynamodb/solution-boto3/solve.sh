#!/usr/bin/env bash
set -euo pipefail
python solve.py
python race.py
