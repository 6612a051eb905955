"""What a user pool's domain answers: sign-in pages and the OAuth 2.0 endpoints."""
