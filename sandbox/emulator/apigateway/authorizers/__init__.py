"""Who may call a method: the authorizers of REST APIs."""
