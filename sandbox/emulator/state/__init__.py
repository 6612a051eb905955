"""Saving and restoring a world.

The state of a service is one file, `WORLD/state/SERVICE.state`. It is restored when the service is first
used and saved shortly after a change. Code that looks into a service's store outside a request to that
service calls `restore.ensure("iam")` first; code that changes a store outside a request calls
`saver.mark("s3")` after it.
"""
