#!/usr/bin/env bash
set -euo pipefail

# step: make-bucket  All three steps in Python
python solve.py
