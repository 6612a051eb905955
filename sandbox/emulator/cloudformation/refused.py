"""Operations that the sandbox does not have; each says so, instead of pretending.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Any, NoReturn

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import DescribeAccountLimitsOutput
from localstack.services.cloudformation.engine.validations import ValidationError


def _refuse(what: str) -> NoReturn:
    raise ValidationError(f"The sandbox does not support {what}.")


class Refused:
    """Mixed into the provider."""

    @handler("DetectStackDrift", expand=False)
    def detect_stack_drift(self, context: RequestContext, request: Any) -> Any:
        """No drift detection."""
        _refuse("drift detection")

    @handler("DetectStackResourceDrift", expand=False)
    def detect_stack_resource_drift(self, context: RequestContext, request: Any) -> Any:
        """No drift detection."""
        _refuse("drift detection")

    @handler("DescribeStackDriftDetectionStatus", expand=False)
    def describe_stack_drift_detection_status(self, context: RequestContext, request: Any) -> Any:
        """No drift detection."""
        _refuse("drift detection")

    @handler("DescribeStackResourceDrifts", expand=False)
    def describe_stack_resource_drifts(self, context: RequestContext, request: Any) -> Any:
        """No drift detection."""
        _refuse("drift detection")

    @handler("DetectStackSetDrift", expand=False)
    def detect_stack_set_drift(self, context: RequestContext, request: Any) -> Any:
        """No drift detection."""
        _refuse("drift detection")

    @handler("EstimateTemplateCost", expand=False)
    def estimate_template_cost(self, context: RequestContext, request: Any) -> Any:
        """Nothing costs anything here."""
        _refuse("estimates of costs")

    @handler("SignalResource", expand=False)
    def signal_resource(self, context: RequestContext, request: Any) -> Any:
        """No creation policies."""
        _refuse("signals to resources")

    @handler("DescribeType", expand=False)
    def describe_type(self, context: RequestContext, request: Any) -> Any:
        """No registry."""
        _refuse("the registry of types")

    @handler("CreateGeneratedTemplate", expand=False)
    def create_generated_template(self, context: RequestContext, request: Any) -> Any:
        """No generator."""
        _refuse("the generator of templates")

    @handler("StartResourceScan", expand=False)
    def start_resource_scan(self, context: RequestContext, request: Any) -> Any:
        """No generator."""
        _refuse("scans of resources")

    @handler("CreateStackRefactor", expand=False)
    def create_stack_refactor(self, context: RequestContext, request: Any) -> Any:
        """No refactoring."""
        _refuse("the refactoring of stacks")

    @handler("DescribeAccountLimits")
    def describe_account_limits(
        self, context: RequestContext, next_token: Any = None, **_: Any
    ) -> DescribeAccountLimitsOutput:
        """AWS's own limits."""
        limits = {"StackLimit": 2000, "StackOutputsLimit": 200, "ConcurrentResourcesLimit": 2500}
        return DescribeAccountLimitsOutput(
            AccountLimits=[{"Name": name, "Value": value} for name, value in limits.items()]
        )
