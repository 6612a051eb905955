"""Amazon API Gateway, HTTP and WebSocket APIs."""
