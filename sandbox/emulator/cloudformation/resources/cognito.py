"""Cognito: user pools and what belongs to them, identity pools.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Cognito.html
"""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource


class UserPool(Resource):
    """`AWS::Cognito::UserPool`."""

    TYPE = "AWS::Cognito::UserPool"
    REF = "UserPoolId"
    REPLACED_BY = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration")
    ATTRIBUTES = ("Arn", "ProviderName", "ProviderURL")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        cognito = request.aws_client_factory.cognito_idp
        name = model.get("UserPoolName") or self.default_name(request)
        pool = cognito.create_user_pool(**_without_mfa(model), PoolName=name)["UserPool"]
        model["UserPoolId"] = pool["Id"]
        provider = f"cognito-idp.{request.region_name}.amazonaws.com/{pool['Id']}"
        return {
            "UserPoolName": name,
            "Arn": pool["Arn"],
            "ProviderName": provider,
            "ProviderURL": f"https://{provider}",
        }

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        cognito = request.aws_client_factory.cognito_idp
        cognito.update_user_pool(**_without_mfa(model))
        known = {attribute["Name"] for attribute in previous.get("Schema") or ()}
        new = [a for a in model.get("Schema") or () if a["Name"] not in known]
        if new:
            cognito.add_custom_attributes(UserPoolId=model["UserPoolId"], CustomAttributes=new)
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        self._set_mfa(request.aws_client_factory.cognito_idp, model)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.delete_user_pool(UserPoolId=model["UserPoolId"])

    def _set_mfa(self, cognito: Any, model: Model) -> None:
        factors = model.get("EnabledMfas")
        if not factors:
            return
        wanted: Model = {"MfaConfiguration": model.get("MfaConfiguration") or "OFF"}
        if "SOFTWARE_TOKEN_MFA" in factors:
            wanted["SoftwareTokenMfaConfiguration"] = {"Enabled": True}
        if "SMS_MFA" in factors:
            sms = {"SmsConfiguration": model.get("SmsConfiguration") or {}}
            if "SmsAuthenticationMessage" in model:
                sms["SmsAuthenticationMessage"] = model["SmsAuthenticationMessage"]
            wanted["SmsMfaConfiguration"] = sms
        cognito.set_user_pool_mfa_config(UserPoolId=model["UserPoolId"], **wanted)


def _without_mfa(model: Model) -> Model:
    """Which second factors there are is set by an operation of its own, which also says whether."""
    if model.get("EnabledMfas"):
        return {name: value for name, value in model.items() if name != "MfaConfiguration"}
    return model


class UserPoolClient(Resource):
    """`AWS::Cognito::UserPoolClient`."""

    TYPE = "AWS::Cognito::UserPoolClient"
    REF = "ClientId"
    REPLACED_BY = ("UserPoolId", "GenerateSecret")
    ATTRIBUTES = ("ClientSecret", "Name")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("ClientName") or self.default_name(request)
        properties = {**model, "ClientName": name}
        made = request.aws_client_factory.cognito_idp.create_user_pool_client(**properties)
        client = made["UserPoolClient"]
        found = {"ClientId": client["ClientId"], "ClientName": name, "Name": name}
        if "ClientSecret" in client:
            found["ClientSecret"] = client["ClientSecret"]
        return found

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.update_user_pool_client(**model)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.delete_user_pool_client(
            UserPoolId=model["UserPoolId"], ClientId=model["ClientId"]
        )


class UserPoolDomain(Resource):
    """`AWS::Cognito::UserPoolDomain`."""

    TYPE = "AWS::Cognito::UserPoolDomain"
    REF = "Domain"
    REPLACED_BY = ("UserPoolId", "Domain")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.create_user_pool_domain(**model)
        return {}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.update_user_pool_domain(**model)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.delete_user_pool_domain(
            UserPoolId=model["UserPoolId"], Domain=model["Domain"]
        )


class UserPoolGroup(Resource):
    """`AWS::Cognito::UserPoolGroup`."""

    TYPE = "AWS::Cognito::UserPoolGroup"
    REF = "GroupName"
    REPLACED_BY = ("UserPoolId", "GroupName")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("GroupName") or self.default_name(request)
        request.aws_client_factory.cognito_idp.create_group(**{**model, "GroupName": name})
        return {"GroupName": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.update_group(**model)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.delete_group(
            UserPoolId=model["UserPoolId"], GroupName=model["GroupName"]
        )


class UserPoolUser(Resource):
    """`AWS::Cognito::UserPoolUser`."""

    TYPE = "AWS::Cognito::UserPoolUser"
    REF = "Username"
    REPLACED_BY = (
        "UserPoolId",
        "Username",
        "UserAttributes",
        "MessageAction",
        "DesiredDeliveryMediums",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("Username") or self.default_name(request)
        request.aws_client_factory.cognito_idp.admin_create_user(**{**model, "Username": name})
        return {"Username": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.admin_delete_user(
            UserPoolId=model["UserPoolId"], Username=model["Username"]
        )


class UserPoolUserToGroupAttachment(Resource):
    """`AWS::Cognito::UserPoolUserToGroupAttachment`."""

    TYPE = "AWS::Cognito::UserPoolUserToGroupAttachment"
    REPLACED_BY = ("UserPoolId", "Username", "GroupName")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.admin_add_user_to_group(**model)
        return {"Id": "|".join((model["UserPoolId"], model["GroupName"], model["Username"]))}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.admin_remove_user_from_group(
            UserPoolId=model["UserPoolId"],
            Username=model["Username"],
            GroupName=model["GroupName"],
        )


class UserPoolResourceServer(Resource):
    """`AWS::Cognito::UserPoolResourceServer`."""

    TYPE = "AWS::Cognito::UserPoolResourceServer"
    REF = "Identifier"
    REPLACED_BY = ("UserPoolId", "Identifier")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.create_resource_server(**model)
        return {}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        request.aws_client_factory.cognito_idp.update_resource_server(**model)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_idp.delete_resource_server(
            UserPoolId=model["UserPoolId"], Identifier=model["Identifier"]
        )


class IdentityPool(Resource):
    """`AWS::Cognito::IdentityPool`."""

    TYPE = "AWS::Cognito::IdentityPool"
    ATTRIBUTES = ("Name",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("IdentityPoolName") or self.default_name(request).replace("-", "_")
        pool = request.aws_client_factory.cognito_identity.create_identity_pool(
            **{**model, "IdentityPoolName": name}
        )
        return {"Id": pool["IdentityPoolId"], "IdentityPoolName": name, "Name": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        name = model.get("IdentityPoolName") or previous["IdentityPoolName"]
        request.aws_client_factory.cognito_identity.update_identity_pool(
            **{**model, "IdentityPoolId": model["Id"], "IdentityPoolName": name}
        )
        return {"IdentityPoolName": name, "Name": name}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_identity.delete_identity_pool(IdentityPoolId=model["Id"])


class IdentityPoolRoleAttachment(Resource):
    """`AWS::Cognito::IdentityPoolRoleAttachment`."""

    TYPE = "AWS::Cognito::IdentityPoolRoleAttachment"
    REPLACED_BY = ("IdentityPoolId",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        self._set(model, request)
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self._set(model, request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cognito_identity.set_identity_pool_roles(
            IdentityPoolId=model["IdentityPoolId"], Roles={}
        )

    @staticmethod
    def _set(model: Model, request: ResourceRequest) -> None:
        # A template may give each mapping a name and say inside whose it is.
        mappings = {
            mapping.get("IdentityProvider", name): mapping
            for name, mapping in (model.get("RoleMappings") or {}).items()
        }
        request.aws_client_factory.cognito_identity.set_identity_pool_roles(
            IdentityPoolId=model["IdentityPoolId"],
            Roles=model.get("Roles") or {},
            **({"RoleMappings": mappings} if mappings else {}),
        )


TYPES = (
    UserPool,
    UserPoolClient,
    UserPoolDomain,
    UserPoolGroup,
    UserPoolUser,
    UserPoolUserToGroupAttachment,
    UserPoolResourceServer,
    IdentityPool,
    IdentityPoolRoleAttachment,
)
