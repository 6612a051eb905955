"""Amazon Cognito: user pools (`cognito-idp`), their hosted pages, and identity pools."""
