"""The policy engine: documents, conditions, evaluation, validation. Knows nothing of the emulator."""
