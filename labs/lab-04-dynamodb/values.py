"""Names and questions that no other student has."""

from datetime import date, timedelta

TANKS = [
    "anemone-arch",
    "brackish-creek",
    "breeding-room",
    "clownfish-reef",
    "coral-nursery",
    "cuttlefish-cave",
    "deep-water",
    "estuary",
    "garden-eels",
    "harbour-wall",
    "jellyfish-drum",
    "kelp-forest",
    "lagoon",
    "lobster-hatchery",
    "mangrove",
    "octopus-den",
    "penguin-pool",
    "quarantine-1",
    "quarantine-2",
    "ray-pool",
    "rock-pool",
    "seahorse-column",
    "shark-gallery",
    "tide-room",
]
ALARMS = ["PUMP", "LEAK", "OXYGEN", "COLD", "POWER", "FILTER"]
KEEPERS = ["Ada", "Bo", "Carmen", "Dmitri", "Esperanza", "Friedrich", "Gulnara", "Hye-jin"]
PLACES = ["East", "Old Harbour", "Lighthouse", "Ferry Landing", "Sailors' Chapel", "North Mole"]


def values(seed):
    """Two tables, one tank on some days, one alarm, a station, prices and tickets."""
    first = date(2026, 3, 1) + timedelta(days=seed.number("day", 0, 10))
    return {
        "table": seed.name("readings"),
        "shop_table": seed.name("shop"),
        "tank": seed.choice("tank", TANKS),
        "from_day": first.isoformat(),
        "to_day": (first + timedelta(days=3)).isoformat(),
        "alarm": seed.choice("alarm", ALARMS),
        "station": f"Station {seed.choice('place', PLACES)}, keeper {seed.choice('keeper', KEEPERS)}",
        "article": f"{seed.choice('animal', ['crab', 'ray', 'seal', 'squid'])}-kite",
        "price": seed.number("price", 12, 29),
        "stock": seed.number("stock", 30, 90),
        "sale_price": seed.number("sale", 3, 8),
        "tickets": seed.number("tickets", 12, 24),
    }
