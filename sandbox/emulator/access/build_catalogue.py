"""The reference of IAM actions.

Run at set-up, so that the emulator need not do it at its first decision.
"""

from sandbox.emulator.access.actions import catalog


def main() -> None:
    """Write the file that `catalog` reads, unless it is there."""
    if not catalog.path().exists():
        catalog.build()


if __name__ == "__main__":
    main()
