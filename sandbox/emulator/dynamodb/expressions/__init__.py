"""Checks of DynamoDB's expressions, so that a mistake is named as AWS names it.

The engine evaluates expressions; what is wrong with one it often says in its own words, or it blames
another part of the request. These modules only read: a request that passes goes to the engine as it is.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""
