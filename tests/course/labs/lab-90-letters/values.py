"""The bucket's name and the words that must be in the letter."""


def values(seed):
    """Seeded values of the lab."""
    words = ["harbour", "lantern", "meadow", "quarry", "saddle", "thimble", "willow"]
    return {
        "bucket": seed.name("letters"),
        "words": " ".join(seed.sample("words", words, seed.number("count", 3, 5))),
        "_secret": seed.token("secret"),
    }
