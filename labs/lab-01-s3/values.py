"""Names that no other student has."""


def values(seed):
    """Two buckets, and how long a log stays where it is."""
    return {
        "bucket": seed.name("aquarium"),
        "press_bucket": seed.name("press"),
        "warm_days": seed.number("warm", 30, 45),
        "archive_days": seed.number("archive", 60, 90),
        "headline": seed.choice(
            "headline",
            ["The octopus is back", "A seal in the ferry", "Two new rays", "Low tide, high crowd"],
        ),
    }
