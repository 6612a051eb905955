"""What can go wrong around the emulator, each with the next step for the reader."""


class StackError(Exception):
    """The sandbox could not do what was asked; the message says what to do next (exit code 3)."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
