#!/usr/bin/env bash
# Your commands for lab 1. They run from top to bottom in a fresh sandbox when your work is graded,
# so everything that you did by hand has to stand here. Names are in variables: echo "$LAB_BUCKET"
set -euo pipefail

# step: bucket  Create a bucket and upload the site

# step: visitor  Be a visitor, and be refused

# step: acl  Share one object by its own permissions

# step: policy  Repair a bucket policy

# step: versions  Keep every version

# step: lifecycle  Let a log age into the archive

# step: website  Open it in a browser
