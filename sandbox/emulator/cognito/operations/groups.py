"""Groups of users and their roles.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from sandbox.emulator import clock
from sandbox.emulator.cognito import claims, users
from sandbox.emulator.cognito.errors import error, not_found
from sandbox.emulator.cognito.models import Group, UserPool
from sandbox.emulator.cognito.operations.base import (
    Request,
    operation,
    page,
    pool_of,
    user_of,
    with_token,
)


class GroupOperations:
    """CreateGroup to AdminListGroupsForUser."""

    @operation("CreateGroup")
    def create_group(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A new group."""
        pool = pool_of(context, request)
        name = request["GroupName"]
        if name in pool.groups:
            raise error("GroupExistsException", "A group with the name already exists.")
        now = clock.time()
        group = Group(name, now, now)
        _change(group, request)
        pool.groups[name] = group
        return {"Group": as_type(pool, group)}

    @operation("GetGroup")
    def get_group(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """A group."""
        pool = pool_of(context, request)
        return {"Group": as_type(pool, _group(pool, request))}

    @operation("UpdateGroup")
    def update_group(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """Change description, role or precedence."""
        pool = pool_of(context, request)
        group = _group(pool, request)
        _change(group, request)
        group.modified = clock.time()
        return {"Group": as_type(pool, group)}

    @operation("DeleteGroup")
    def delete_group(self, context: RequestContext, request: Request) -> None:
        """Delete a group; its users stay."""
        pool = pool_of(context, request)
        group = _group(pool, request)
        del pool.groups[group.name]
        for user in list(pool.users.values()):
            if group.name in user.groups:
                user.groups.remove(group.name)

    @operation("ListGroups")
    def list_groups(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The pool's groups."""
        pool = pool_of(context, request)
        found, token = page(
            list(pool.groups.values()), request.get("NextToken"), request.get("Limit") or 60
        )
        shown = [as_type(pool, group) for group in found]
        return with_token({"Groups": shown}, "NextToken", token)

    @operation("ListUsersInGroup")
    def list_users_in_group(self, context: RequestContext, request: Request) -> dict[str, Any]:
        """The users of a group."""
        pool = pool_of(context, request)
        group = _group(pool, request)
        found, token = page(
            [user for user in list(pool.users.values()) if group.name in user.groups],
            request.get("NextToken"),
            request.get("Limit") or 60,
        )
        return with_token({"Users": [users.as_type(user) for user in found]}, "NextToken", token)

    @operation("AdminAddUserToGroup")
    def admin_add_user_to_group(self, context: RequestContext, request: Request) -> None:
        """Put a user into a group."""
        pool, user = user_of(context, request)
        group = _group(pool, request)
        if group.name not in user.groups:
            user.groups.append(group.name)

    @operation("AdminRemoveUserFromGroup")
    def admin_remove_user_from_group(self, context: RequestContext, request: Request) -> None:
        """Take a user out of a group."""
        pool, user = user_of(context, request)
        group = _group(pool, request)
        if group.name in user.groups:
            user.groups.remove(group.name)

    @operation("AdminListGroupsForUser")
    def admin_list_groups_for_user(
        self, context: RequestContext, request: Request
    ) -> dict[str, Any]:
        """The groups of a user, by precedence."""
        pool, user = user_of(context, request)
        found, token = page(
            claims.group_names(pool, user), request.get("NextToken"), request.get("Limit") or 60
        )
        shown = [as_type(pool, pool.groups[name]) for name in found]
        return with_token({"Groups": shown}, "NextToken", token)


def _group(pool: UserPool, request: Request) -> Group:
    found = pool.groups.get(request["GroupName"])
    if found is None:
        raise not_found("Group not found.")
    return found


def _change(group: Group, request: Request) -> None:
    if request.get("Description") is not None:
        group.description = request["Description"]
    if request.get("RoleArn") is not None:
        group.role_arn = request["RoleArn"]
    if request.get("Precedence") is not None:
        group.precedence = request["Precedence"]


def as_type(pool: UserPool, group: Group) -> dict[str, Any]:
    """GroupType."""
    shown: dict[str, Any] = {
        "GroupName": group.name,
        "UserPoolId": pool.id,
        "Description": group.description,
        "RoleArn": group.role_arn,
        "Precedence": group.precedence,
        "LastModifiedDate": group.modified,
        "CreationDate": group.created,
    }
    return {name: value for name, value in shown.items() if value is not None}
