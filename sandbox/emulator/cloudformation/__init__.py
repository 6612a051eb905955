"""CloudFormation: LocalStack's engine, with rollback, honest failures and the types that it lacks."""
