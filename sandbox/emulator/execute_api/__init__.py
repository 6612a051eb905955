"""What REST, HTTP and WebSocket APIs share when they are called: names, tokens, functions, limits."""
