"""Mail and text messages of a pool: their templates, the CustomMessage trigger, masked addresses.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

import re
from html import escape
from typing import Any
from urllib.parse import urlencode

from sandbox.emulator.cognito import triggers
from sandbox.emulator.cognito.errors import error
from sandbox.emulator.cognito.models import User, UserPool
from sandbox.emulator.mail import mailbox

SENDER = "no-reply@verificationemail.com"
PLACE = "{####}"
VERIFY_SUBJECT = "Your verification code"
VERIFY_TEXT = "Your confirmation code is {####}"
RESET_SUBJECT = "Your password reset code"
RESET_TEXT = "Your password reset code is {####}"
INVITE_SUBJECT = "Your temporary password"
INVITE_TEXT = "Your username is {username} and temporary password is {####}."
SMS_TEXT = "Your confirmation code is {####}"
LINK_SUBJECT = "Your verification link"
LINK_TEXT = "Please click the link below to verify your email address. {##Verify Email##} "
LINK_PLACE = re.compile(r"\{##(.*?)##\}")
MFA_SUBJECT = "Your authentication code"
MFA_TEXT = "Your authentication code is {####}."


def details(attribute: str, address: str) -> dict[str, str]:
    """CodeDeliveryDetails: `{"Destination": "j***@e***", ...}`."""
    if attribute == "email":
        name, _, domain = address.partition("@")
        masked = f"{name[:1]}***@{domain[:1]}***"
        return {"AttributeName": attribute, "DeliveryMedium": "EMAIL", "Destination": masked}
    masked = f"+{'*' * max(0, len(address) - 5)}{address[-4:]}"
    return {"AttributeName": attribute, "DeliveryMedium": "SMS", "Destination": masked}


def send_code(
    pool: UserPool,
    user: User,
    source: str,
    attribute: str,
    address: str,
    code: str,
    *,
    client_id: str | None,
    metadata: dict[str, str] | None = None,
) -> dict[str, str]:
    """Send a code to `address`; `source` is the CustomMessage source (`SignUp`, `ForgotPassword`...).

    Returns CodeDeliveryDetails.
    """
    subject, text, sms = _templates(pool, source)
    custom = _customized(pool, user, source, client_id, metadata)
    if attribute == "email" and _by_link(pool, source) and not custom.get("emailMessage"):
        _mail_link(pool, user, address, code, client_id or "")
    elif attribute == "email":
        subject = custom.get("emailSubject") or subject
        text = custom.get("emailMessage") or text
        _mail(pool, address, _fill(subject, code, user), _fill(text, code, user), code)
    else:
        text = custom.get("smsMessage") or sms
        _sms(address, _fill(text, code, user), code)
    return details(attribute, address)


def _by_link(pool: UserPool, source: str) -> bool:
    template = pool.settings.get("VerificationMessageTemplate") or {}
    wanted = template.get("DefaultEmailOption") == "CONFIRM_WITH_LINK"
    return wanted and bool(pool.domain) and source in ("SignUp", "ResendCode")


def _mail_link(pool: UserPool, user: User, address: str, code: str, client_id: str) -> None:
    """A link that confirms, instead of a code to type; it needs the pool's domain."""
    from localstack import config

    template = pool.settings.get("VerificationMessageTemplate") or {}
    query = urlencode(
        {"client_id": client_id, "user_name": user.username, "confirmation_code": code}
    )
    host = f"{pool.domain}.auth.{pool.region}.localhost:{config.GATEWAY_LISTEN[0].port}"
    target = f"http://{host}/confirmUser?{query}"
    text = template.get("EmailMessageByLink") or LINK_TEXT
    body = LINK_PLACE.sub(lambda found: f'<a href="{escape(target)}">{found[1]}</a>', text)
    _mail(pool, address, template.get("EmailSubjectByLink") or LINK_SUBJECT, body, code)


def send_invitation(
    pool: UserPool,
    user: User,
    password: str,
    mediums: list[str],
    metadata: dict[str, str] | None = None,
) -> None:
    """The temporary password of AdminCreateUser, by mail or text message."""
    template = (pool.settings.get("AdminCreateUserConfig") or {}).get("InviteMessageTemplate") or {}
    custom = _customized(pool, user, "AdminCreateUser", None, metadata)
    email, phone = user.attributes.get("email"), user.attributes.get("phone_number")
    # Unasked it is a text message, or mail to a user who has no number.
    mediums = mediums or (["SMS"] if phone else ["EMAIL"])
    name = _shown_name(pool, user)
    if "EMAIL" in mediums and email:
        subject = custom.get("emailSubject") or template.get("EmailSubject") or INVITE_SUBJECT
        text = custom.get("emailMessage") or template.get("EmailMessage") or INVITE_TEXT
        _mail(
            pool, email, _fill(subject, password, user, name), _fill(text, password, user, name), ""
        )
    if "SMS" in mediums and phone:
        text = custom.get("smsMessage") or template.get("SMSMessage") or INVITE_TEXT
        _sms(phone, _fill(text, password, user, name), "")


def _shown_name(pool: UserPool, user: User) -> str:
    for attribute in pool.username_attributes:
        if user.attributes.get(attribute):
            return user.attributes[attribute]
    return user.username


def _templates(pool: UserPool, source: str) -> tuple[str, str, str]:
    """Subject, mail text, SMS text of a code."""
    template = pool.settings.get("VerificationMessageTemplate") or {}
    if source == "Authentication":
        mfa = pool.mfa_settings.get("EmailMfaConfiguration") or {}
        return (
            mfa.get("Subject") or MFA_SUBJECT,
            mfa.get("Message") or MFA_TEXT,
            pool.settings.get("SmsAuthenticationMessage") or MFA_TEXT,
        )
    own_subject, own_text = template.get("EmailSubject"), template.get("EmailMessage")
    sms = template.get("SmsMessage") or SMS_TEXT
    if source == "ForgotPassword":
        return own_subject or RESET_SUBJECT, own_text or RESET_TEXT, sms
    return own_subject or VERIFY_SUBJECT, own_text or VERIFY_TEXT, sms


def _customized(
    pool: UserPool,
    user: User,
    source: str,
    client_id: str | None,
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user),
        "codeParameter": PLACE,
        "linkParameter": "{##Click Here##}",
        "usernameParameter": "{username}" if source == "AdminCreateUser" else None,
    }
    found = triggers.call(
        pool,
        "CustomMessage",
        f"CustomMessage_{source}",
        username=user.username,
        client_id=client_id,
        request=triggers.client_metadata(request, metadata),
        response={"smsMessage": None, "emailMessage": None, "emailSubject": None},
    )
    if not found:
        return {}
    for key in ("emailMessage", "smsMessage"):
        text = found.get(key)
        if text and PLACE not in text:
            raise error(
                "InvalidLambdaResponseException",
                f"Invalid lambda response: {key} must contain the code parameter.",
            )
    return found


def _fill(text: str, code: str, user: User, name: str | None = None) -> str:
    return text.replace(PLACE, code).replace("{username}", name or user.username)


def _mail(pool: UserPool, to: str, subject: str, body: str, code: str) -> None:
    settings = pool.settings.get("EmailConfiguration") or {}
    sender = settings.get("From") or settings.get("SourceArn", "").rpartition("/")[2] or SENDER
    # Cognito sends every mail as HTML.
    mailbox.deliver(
        to,
        subject=subject,
        html=body,
        text=mailbox.plain(body),
        sender=sender,
        service="cognito-idp",
        code=code,
    )


def _sms(to: str, text: str, code: str) -> None:
    mailbox.deliver(to, text=text, sender="NOTICE", service="cognito-idp", kind="sms", code=code)
