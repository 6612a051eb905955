"""What an API consisted of before a document was put: to merge with it, or to go back to.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-update.html
"""

from __future__ import annotations

from typing import Any

PARTS = ("authorizers", "validators", "gateway_responses", "models", "resource_children")
SETTINGS = ("policy", "binaryMediaTypes", "minimum_compression_size", "endpoint_configuration")


class Contents:
    """The resources and parts of moto's API and LocalStack's container at one moment."""

    def __init__(self, moto_api: Any, container: Any) -> None:
        self._api = moto_api
        self._container = container
        self._resources = dict(moto_api.resources)
        # Paths are told by the live API, which a document replaces.
        self._methods = {
            resource.get_path(): dict(resource.resource_methods)
            for resource in moto_api.resources.values()
        }
        self._parts = {name: dict(getattr(container, name)) for name in PARTS}
        self._settings = {name: getattr(moto_api, name, None) for name in SETTINGS}

    def put_back(self) -> None:
        """Undo what happened since."""
        self._api.resources = self._resources
        for name, value in self._settings.items():
            setattr(self._api, name, value)
        for name, parts in self._parts.items():
            live = getattr(self._container, name)
            live.clear()
            live.update(parts)

    def merge(self) -> None:
        """Add what the API has no more: the document wins where both have something."""
        translated: dict[str, str] = {}
        for kind in ("authorizers", "validators"):
            live = getattr(self._container, kind)
            names = {part["name"]: identity for identity, part in live.items()}
            for identity, part in self._parts[kind].items():
                if part["name"] in names:
                    translated[identity] = names[part["name"]]
                else:
                    live[identity] = part
        for kind in ("gateway_responses", "models"):
            live = getattr(self._container, kind)
            for name, part in self._parts[kind].items():
                live.setdefault(name, part)
        by_path = {resource.get_path(): resource for resource in self._api.resources.values()}
        for path, methods in sorted(self._methods.items()):
            if not methods and path not in by_path:
                continue
            resource = self._resource(path, by_path)
            for verb, method in methods.items():
                if verb not in resource.resource_methods:
                    for field in ("authorizer_id", "request_validator_id"):
                        old = getattr(method, field, None)
                        if old in translated:
                            setattr(method, field, translated[old])
                    resource.resource_methods[verb] = method

    def _resource(self, path: str, by_path: dict[str, Any]) -> Any:
        if path not in by_path:
            stem, _, part = path.rpartition("/")
            parent = self._resource(stem or "/", by_path)
            child = self._api.add_child(part, parent.id)
            self._container.resource_children.setdefault(parent.id, []).append(child.id)
            by_path[path] = child
        return by_path[path]
