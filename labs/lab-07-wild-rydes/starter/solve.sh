#!/usr/bin/env bash
# Your commands for lab 7. They run from top to bottom in a fresh sandbox when your work is graded,
# so everything that you did by hand has to stand here. Names are in variables: echo "$LAB_BUCKET"
set -euo pipefail

# step: site  Host the site on S3

# step: users  Let riders register

# step: backend  A function that sends a unicorn

# step: api  A REST API that knows who asks
