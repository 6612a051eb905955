"""The same with boto3."""

import os
from pathlib import Path

import boto3

s3 = boto3.client("s3")
bucket, words = os.environ["LAB_BUCKET"], os.environ["LAB_WORDS"]
s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket=bucket, Key="letter.txt", Body=words.encode() + b"\n")
Path("answers.toml").write_text(f"words = {len(words.split())}\n")
