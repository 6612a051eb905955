"""Names and a stable of one's own."""

NAMES = [
    "Juniper",
    "Marzipan",
    "Tempest",
    "Clover",
    "Biscuit",
    "Nimbus",
    "Paprika",
    "Halley",
    "Tundra",
    "Saffron",
    "Pebble",
    "Quince",
]
COLORS = ["White", "Golden", "Silver", "Copper", "Violet", "Mint"]


def values(seed):
    """What differs from student to student."""
    names = seed.sample("names", NAMES, 3)
    colors = seed.sample("colors", COLORS, 3)
    genders = seed.random("genders")
    return {
        "bucket": seed.name("wildrydes"),
        "pool": seed.name("riders"),
        "fleet": [
            {"Name": name, "Color": color, "Gender": genders.choice(["Female", "Male"])}
            for name, color in zip(names, colors, strict=True)
        ],
    }
