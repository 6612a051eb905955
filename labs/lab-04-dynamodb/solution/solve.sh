#!/usr/bin/env bash
# Lab 4 with the aws command.
set -euo pipefail

# step: items  Put, edit and delete items
aws dynamodb put-item --table-name "$LAB_SHOP_TABLE" --item \
  "{\"article\": {\"S\": \"$LAB_ARTICLE\"}, \"price\": {\"N\": \"$LAB_PRICE\"}, \"stock\": {\"N\": \"$LAB_STOCK\"}}"

# put-item would replace the whole calendar; update-item changes what it names.
aws dynamodb update-item --table-name "$LAB_SHOP_TABLE" --key '{"article": {"S": "tide-calendar"}}' \
  --update-expression 'SET price = :price' \
  --expression-attribute-values "{\":price\": {\"N\": \"$LAB_SALE_PRICE\"}}" \
  --return-values ALL_NEW --query 'Attributes.price'

aws dynamodb delete-item --table-name "$LAB_SHOP_TABLE" --key '{"article": {"S": "lantern-2025"}}'

# step: table  Create a table with a composite key
aws dynamodb create-table --table-name "$LAB_TABLE" --billing-mode PAY_PER_REQUEST \
  --attribute-definitions AttributeName=tank,AttributeType=S AttributeName=taken,AttributeType=S \
  --key-schema AttributeName=tank,KeyType=HASH AttributeName=taken,KeyType=RANGE \
  --query TableDescription.TableStatus
aws dynamodb wait table-exists --table-name "$LAB_TABLE"

# step: load  Load 5,000 readings
python load.py

# step: query  Ask the same question by query and by scan
# The days are text that sorts like time, so "from this day to before that day" is a range of keys.
cat > asked.json <<JSON
{":tank": {"S": "$LAB_TANK"}, ":from": {"S": "$LAB_FROM_DAY"}, ":to": {"S": "$LAB_TO_DAY"}}
JSON
read -r query_count query_units < <(aws dynamodb query --table-name "$LAB_TABLE" \
  --key-condition-expression 'tank = :tank AND taken BETWEEN :from AND :to' \
  --expression-attribute-values file://asked.json --select COUNT --return-consumed-capacity TOTAL \
  --query '[Count, ConsumedCapacity.CapacityUnits]' --output text)
echo "query: $query_count readings for $query_units units"

# A scan reads everything, and the filter drops what it has read. Each page is one request of 1 MB; the
# aws command follows the pages by itself and shows the capacity of the first one, so follow them here.
scan_count=0 scan_units=0 scan_pages=0 start=()
while true; do
  aws dynamodb scan --table-name "$LAB_TABLE" --no-paginate "${start[@]}" \
    --filter-expression 'tank = :tank AND taken BETWEEN :from AND :to' \
    --expression-attribute-values file://asked.json --select COUNT --return-consumed-capacity TOTAL > page.json
  read -r found units < <(python -c 'import json
page = json.load(open("page.json"))
print(page["Count"], page["ConsumedCapacity"]["CapacityUnits"])
if "LastEvaluatedKey" in page: json.dump(page["LastEvaluatedKey"], open("next.json", "w"))')
  scan_count=$((scan_count + found)) scan_pages=$((scan_pages + 1))
  scan_units=$(python -c "print($scan_units + $units)")
  [ -e next.json ] || break
  mv next.json start.json
  start=(--exclusive-start-key file://start.json)
done
echo "scan:  $scan_count readings for $scan_units units in $scan_pages pages"

# step: index  Make a slow question cheap
aws dynamodb update-table --table-name "$LAB_TABLE" \
  --attribute-definitions AttributeName=alarm,AttributeType=S AttributeName=taken,AttributeType=S \
  --global-secondary-index-updates '[{"Create": {"IndexName": "by-alarm",
    "KeySchema": [{"AttributeName": "alarm", "KeyType": "HASH"}, {"AttributeName": "taken", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["temperature"]}}}]' \
  --query 'TableDescription.GlobalSecondaryIndexes[].IndexStatus'

# Only readings with an alarm are in the index: the others have no such key.
aws dynamodb query --table-name "$LAB_TABLE" --index-name by-alarm --no-scan-index-forward \
  --key-condition-expression 'alarm = :alarm' \
  --expression-attribute-values "{\":alarm\": {\"S\": \"$LAB_ALARM\"}}" \
  --return-consumed-capacity TOTAL > alarms.json
read -r alarm_count alarm_units alarm_latest < <(python -c 'import json
page = json.load(open("alarms.json"))
print(page["Count"], page["ConsumedCapacity"]["CapacityUnits"], page["Items"][0]["tank"]["S"])')

cat > answers.toml <<TOML
query_count = $query_count
query_units = $query_units
scan_units = $scan_units
scan_pages = $scan_pages
alarm_count = $alarm_count
alarm_units = $alarm_units
alarm_latest = "$alarm_latest"
TOML
cat answers.toml

# step: tickets  Two tills, one stock
# sell.py writes only if nobody else wrote since it read.
python race.py
