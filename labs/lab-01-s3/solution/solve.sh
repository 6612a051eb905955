#!/usr/bin/env bash
# Lab 1 with the aws command.
set -euo pipefail

# step: bucket  Create a bucket and upload the site
aws s3 mb "s3://$LAB_BUCKET"
aws s3 sync site "s3://$LAB_BUCKET" --no-progress

aws s3 ls "s3://$LAB_BUCKET" --recursive

# step: visitor  Be a visitor, and be refused
# curl sends no credentials: it is anybody on the internet.
curl -s -i "$AWS_ENDPOINT_URL/$LAB_BUCKET/index.html"

# step: acl  Share one object by its own permissions
aws s3 mb "s3://$LAB_PRESS_BUCKET"
aws s3 cp site/images/harbour.svg "s3://$LAB_PRESS_BUCKET/poster.svg" --no-progress
aws s3 cp site/news.html "s3://$LAB_PRESS_BUCKET/draft.html" --no-progress

# Let access control lists count, and let them be public.
aws s3api put-bucket-ownership-controls --bucket "$LAB_PRESS_BUCKET" \
  --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerPreferred}]'
aws s3api put-public-access-block --bucket "$LAB_PRESS_BUCKET" \
  --public-access-block-configuration BlockPublicAcls=false,IgnorePublicAcls=false,BlockPublicPolicy=true,RestrictPublicBuckets=true

aws s3api put-object-acl --bucket "$LAB_PRESS_BUCKET" --key poster.svg --acl public-read
curl -s -o /dev/null -w 'poster: %{http_code}\n' "$AWS_ENDPOINT_URL/$LAB_PRESS_BUCKET/poster.svg"
curl -s -o /dev/null -w 'draft:  %{http_code}\n' "$AWS_ENDPOINT_URL/$LAB_PRESS_BUCKET/draft.html"

# step: policy  Repair a bucket policy
sed "s/BUCKET/$LAB_BUCKET/" policy.json > policy-filled.json
# Public policies are blocked on every new bucket; this one is meant to be public.
aws s3api put-public-access-block --bucket "$LAB_BUCKET" \
  --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false
aws s3api put-bucket-policy --bucket "$LAB_BUCKET" --policy file://policy-filled.json

curl -s -o /dev/null -w 'index.html: %{http_code}\n' "$AWS_ENDPOINT_URL/$LAB_BUCKET/index.html"

# step: versions  Keep every version
aws s3api put-bucket-versioning --bucket "$LAB_BUCKET" --versioning-configuration Status=Enabled
for edition in morning noon evening; do
  sed "s|<main>.*</main>|<main><p>$edition edition: $LAB_HEADLINE</p></main>|" site/news.html > news.html
  aws s3 cp news.html "s3://$LAB_BUCKET/news.html" --no-progress
done

aws s3api list-object-versions --bucket "$LAB_BUCKET" --prefix news.html \
  --query 'Versions[].[VersionId,Size,IsLatest]' --output text

# A delete in a versioned bucket only puts a marker on top; deleting the marker brings the page back.
aws s3 rm "s3://$LAB_BUCKET/visit.html"
marker=$(aws s3api list-object-versions --bucket "$LAB_BUCKET" --prefix visit.html \
  --query 'DeleteMarkers[0].VersionId' --output text)
aws s3api delete-object --bucket "$LAB_BUCKET" --key visit.html --version-id "$marker"

# step: lifecycle  Let a log age into the archive
aws s3 cp logs/visits-2025-05.log "s3://$LAB_BUCKET/logs/visits-2025-05.log" --no-progress
sed -e "s/WARM_DAYS/$LAB_WARM_DAYS/" -e "s/ARCHIVE_DAYS/$LAB_ARCHIVE_DAYS/" lifecycle.json > lifecycle-filled.json
aws s3api put-bucket-lifecycle-configuration --bucket "$LAB_BUCKET" \
  --lifecycle-configuration file://lifecycle-filled.json

sandbox clock advance 100d
aws s3api head-object --bucket "$LAB_BUCKET" --key logs/visits-2025-05.log --query StorageClass

# An archived object is not readable until it has been restored, which takes hours.
aws s3api restore-object --bucket "$LAB_BUCKET" --key logs/visits-2025-05.log \
  --restore-request '{"Days":7,"GlacierJobParameters":{"Tier":"Standard"}}'
sandbox clock advance 6h
aws s3api get-object --bucket "$LAB_BUCKET" --key logs/visits-2025-05.log restored.log --query Restore

# step: website  Open it in a browser
aws s3 website "s3://$LAB_BUCKET" --index-document index.html --error-document error.html

website="$LAB_BUCKET.s3-website.us-east-1.localhost"
port="${AWS_ENDPOINT_URL##*:}"
curl -s --resolve "$website:$port:127.0.0.1" "http://$website:$port/" | head -n 9
