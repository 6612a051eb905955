#!/usr/bin/env bash
# Your commands for lab 4. They run from top to bottom in a fresh sandbox when your work is graded,
# so everything that you did by hand has to stand here. Names are in variables: echo "$LAB_TABLE"
set -euo pipefail

# step: items  Put, edit and delete items

# step: table  Create a table with a composite key

# step: load  Load 5,000 readings

# step: query  Ask the same question by query and by scan

# step: index  Make a slow question cheap

# step: tickets  Two tills, one stock
