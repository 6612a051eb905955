"""Imports of LocalStack that cost start-up time and memory and that the sandbox has no use for.

`install` runs before LocalStack is imported. Each entry names the upstream module and why it can go.
"""

from __future__ import annotations

import logging
import sys
from types import ModuleType


def install() -> None:
    """Put small modules in the place of large ones (about 0.4 s and 25 MB less at the start)."""
    # Validates requests to /_localstack routes against OpenAPI; our guard lets none of those through that
    # would change anything. Brings openapi_core, jsonschema and pydantic_settings.
    validation = ModuleType("localstack.aws.handlers.validation")
    validation.OpenAPIRequestValidator = _PassOn  # type: ignore[attr-defined]
    validation.OpenAPIResponseValidator = _PassOn  # type: ignore[attr-defined]
    sys.modules["localstack.aws.handlers.validation"] = validation
    # Takes our choice of Lambda's provider for a setting of old.
    logging.getLogger("localstack.deprecations").setLevel(logging.ERROR)
    # moto.apigateway checks imported documents with it; LocalStack's import takes the place of moto's.
    # Brings jsonschema_path, openapi_schema_validator and their like.
    documents = ModuleType("openapi_spec_validator")
    documents.validate = _PassOn  # type: ignore[attr-defined]
    problems = ModuleType("openapi_spec_validator.validation.exceptions")
    problems.OpenAPIValidationError = ValueError  # type: ignore[attr-defined]
    sys.modules["openapi_spec_validator"] = documents
    sys.modules["openapi_spec_validator.validation"] = ModuleType("validation")
    sys.modules[problems.__name__] = problems
    # botocore signs with SigV4a only through the C runtime; nothing inside the emulator does. With None
    # the import fails as if it were not installed, while awscrt's checksums stay available to S3.
    sys.modules["awscrt.auth"] = None  # type: ignore[assignment]
    # botocore then believes that there is no C runtime at all; S3's default checksum (CRC64NVME) needs it.
    import botocore.httpchecksum

    botocore.httpchecksum.crt_checksums = _Checksums()


class _Checksums:
    """`awscrt.checksums`, loaded when one is computed."""

    def __getattr__(self, name: str) -> object:
        from awscrt import checksums

        return getattr(checksums, name)


class _PassOn:
    """A handler that does nothing."""

    def __call__(self, chain: object, context: object, response: object) -> None:
        return None
