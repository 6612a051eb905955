#!/usr/bin/env bash
# Your commands for lab 6. They run from top to bottom in a fresh sandbox when your work is graded,
# so everything that you did by hand has to stand here. Names are in variables: echo "$LAB_TABLE"
set -euo pipefail

# step: read  Read one album, and a wrong address

# step: pages  Lists in pages, filtered

# step: write  Create, change, delete

# step: conditional  Nobody's change is lost

# step: token  Only the shop may write

# step: rate  Not too many at once
