#!/usr/bin/env bash
set -euo pipefail

# step: make-bucket  Make a bucket

# step: write-letter  Write a letter

# step: count-words  Count its words
