"""The starting state: the aquarium shop's table, as the last season left it."""

from sandbox.labs import provisioning

ARTICLES = {
    "tide-calendar": {
        "price": {"N": "14"},
        "stock": {"N": "60"},
        "description": {"S": "Twelve months of high and low water at Lantern Bay."},
        "languages": {"SS": ["de", "en", "fr"]},
        "suppliers": {"L": [{"S": "Harbour Press"}, {"S": "Mole & Daughters"}]},
    },
    "lantern-2025": {
        "price": {"N": "29"},
        "stock": {"N": "0"},
        "description": {"S": "Last year's lantern. Sold out and not made any more."},
    },
    "ray-mug": {
        "price": {"N": "11"},
        "stock": {"N": "140"},
        "description": {"S": "A mug. The ray smiles when it is hot."},
    },
    "octopus-plush": {
        "price": {"N": "24"},
        "stock": {"N": "35"},
        "description": {"S": "Eight arms, machine washable."},
        "sizes": {"M": {"small": {"N": "24"}, "large": {"N": "48"}}},
    },
}


def provision(aws, values):
    """Make the shop's table and its articles; safe to run twice."""
    dynamodb = aws("dynamodb")
    table = values["shop_table"]
    if table in dynamodb.list_tables()["TableNames"]:
        return
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "article", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "article", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for article, attributes in ARTICLES.items():
        dynamodb.put_item(TableName=table, Item={"article": {"S": article}, **attributes})
    dynamodb.put_item(
        TableName=table,
        Item={
            "article": {"S": "night-ticket"},
            "stock": {"N": str(values["tickets"])},
            "sold": {"M": {"till-1": {"N": "0"}, "till-2": {"N": "0"}}},
        },
    )


if __name__ == "__main__":
    provisioning.run_alone(__file__)
