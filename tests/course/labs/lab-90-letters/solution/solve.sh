#!/usr/bin/env bash
set -euo pipefail

# step: make-bucket  Make a bucket
aws s3api create-bucket --bucket "$LAB_BUCKET"

# step: write-letter  Write a letter
# The words are the seeded ones, so that every student's letter differs.
echo "$LAB_WORDS" > letter.txt
aws s3 cp letter.txt "s3://$LAB_BUCKET/letter.txt"

# step: count-words  Count its words
echo "words = $(wc -w < letter.txt)" > answers.toml
