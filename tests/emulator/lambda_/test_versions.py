"""Versions, aliases, provisioned concurrency."""

from __future__ import annotations

from tests.emulator.lambda_.conftest import until, zipped

SAYS = "import os\ndef handler(e, c): return [{!r}, c.function_version, os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']]"


def publish(functions, name, text):
    functions.client.get_waiter("function_active_v2").wait(FunctionName=name)
    functions.client.update_function_code(
        FunctionName=name, ZipFile=zipped({"index.py": SAYS.format(text)})
    )
    functions.client.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.client.publish_version(FunctionName=name)["Version"]


def test_a_version_stays_as_it_was(functions):
    functions.python("versions", SAYS.format("zero"))
    assert publish(functions, "versions", "one") == "1"
    assert publish(functions, "versions", "two") == "2"
    assert functions.call("versions")[:2] == ["two", "$LATEST"]
    assert functions.call("versions", Qualifier="1")[:2] == ["one", "1"]
    assert functions.call("versions:2")[:2] == ["two", "2"]
    answer = functions.client.invoke(FunctionName="versions", Qualifier="1")
    assert answer["ExecutedVersion"] == "1"


def test_an_alias_points_and_weighs(functions):
    functions.python("aliases", SAYS.format("zero"))
    publish(functions, "aliases", "one")
    publish(functions, "aliases", "two")
    functions.client.create_alias(FunctionName="aliases", Name="live", FunctionVersion="1")
    assert functions.call("aliases:live")[0] == "one"
    functions.client.update_alias(
        FunctionName="aliases",
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    found = {functions.call("aliases:live")[0] for _ in range(40)}
    assert found == {"one", "two"}
    functions.client.update_alias(
        FunctionName="aliases",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    assert functions.call("aliases:live")[0] == "two"


def test_provisioned_environments_are_ready_and_used(functions):
    functions.python("provisioned", SAYS.format("zero"))
    publish(functions, "provisioned", "one")
    functions.client.put_provisioned_concurrency_config(
        FunctionName="provisioned", Qualifier="1", ProvisionedConcurrentExecutions=1
    )

    def ready():
        found = functions.client.get_provisioned_concurrency_config(
            FunctionName="provisioned", Qualifier="1"
        )
        return found["Status"] == "READY" and found

    found = until(ready)
    assert found["AvailableProvisionedConcurrentExecutions"] == 1
    assert functions.call("provisioned:1") == ["one", "1", "provisioned-concurrency"]
    assert functions.call("provisioned")[2] == "on-demand"
    functions.client.delete_provisioned_concurrency_config(
        FunctionName="provisioned", Qualifier="1"
    )
    assert functions.call("provisioned:1")[2] == "on-demand"


def test_a_layer_without_versions_is_not_listed_and_goes_on_counting(functions):
    content = {"ZipFile": zipped({"python/a.py": "x = 1"})}
    publish = functions.client.publish_layer_version
    first = publish(LayerName="gone", Content=content)["Version"]
    functions.client.delete_layer_version(LayerName="gone", VersionNumber=first)
    names = [layer["LayerName"] for layer in functions.client.list_layers()["Layers"]]
    assert "gone" not in names
    assert publish(LayerName="gone", Content=content)["Version"] == first + 1
    functions.client.delete_layer_version(LayerName="gone", VersionNumber=first + 1)
