"""Checks of the letters lab."""

from botocore.exceptions import ClientError

from sandbox.grading import Failure, check


@check(points=1, step="make-bucket", hint="Which command makes a bucket?")
def bucket_exists(lab):
    """Your bucket exists"""
    try:
        lab.client("s3").head_bucket(Bucket=lab.values.bucket)
    except ClientError:
        names = [bucket["Name"] for bucket in lab.client("s3").list_buckets()["Buckets"]]
        raise Failure(
            "There is no bucket of that name.", expected=lab.values.bucket, actual=names
        ) from None


@check(points=2, needs=["bucket_exists"], step="write-letter", hint="What does aws s3 cp do?")
def letter_is_right(lab):
    """The letter holds your words"""
    reply = lab.client("s3").get_object(Bucket=lab.values.bucket, Key="letter.txt")
    text = reply["Body"].read().decode()
    if text.rstrip("\n") != lab.values.words:
        raise Failure("The letter says something else.", expected=lab.values.words, actual=text)


@check(points=1, step="count-words", hint="Count them.")
def words_are_counted(lab):
    """The words are counted"""
    if lab.answer("words") != len(lab.values.words.split()):
        raise Failure(
            "That is not their number.",
            expected=len(lab.values.words.split()),
            actual=lab.answer("words"),
        )
