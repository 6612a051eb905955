"""Signing in: what InitiateAuth starts and RespondToAuthChallenge carries on."""
