"""Names, a secret and a rate of one's own."""


def values(seed):
    """What differs from student to student."""
    return {
        "table": seed.name("catalogue"),
        "api": seed.name("music"),
        "token": seed.token("token", 24),
        "rate": seed.number("rate", 12, 20),
        "_copies": seed.number("copies", 3, 9),
    }
