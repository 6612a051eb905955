"""What the hosted pages show; one template draws them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localstack.http import Request, Response

from sandbox.emulator.cognito import passwords
from sandbox.emulator.cognito.hosted import browser
from sandbox.emulator.cognito.models import User, UserPool

if TYPE_CHECKING:
    from sandbox.emulator.cognito.hosted.site import Visit

TEMPLATE = Path(__file__).parent / "templates" / "page.html"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
NOTICES = {
    "confirmed": "Your account is confirmed. You can sign in now.",
    "reset": "Your password has been changed. You can sign in now.",
}
LABELS = {
    "email": "Email",
    "phone_number": "Phone number",
    "given_name": "Given name",
    "family_name": "Family name",
    "preferred_username": "Preferred user name",
    "birthdate": "Birth date (YYYY-MM-DD)",
}
TYPES = {"email": "email", "phone_number": "tel", "website": "url"}
HINTS = {"phone_number": "+15555550100"}


@dataclass
class Field:
    """One input of a form."""

    name: str
    label: str
    type: str = "text"
    value: str = ""
    complete: str = "off"
    placeholder: str = ""
    required: bool = True
    code: bool = False


@dataclass
class Page:
    """A page: a heading, a form, links below it. `hidden` are the form's unseen values."""

    title: str
    lead: str = ""
    action: str = ""
    fields: list[Field] = field(default_factory=list)
    submit: str = ""
    links: list[tuple[str, str, str]] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    extra_submit: tuple[str, str] | None = None
    error: str = ""
    notice: str = ""
    rules: list[str] = field(default_factory=list)
    mailbox: bool = False


def render(
    pool: UserPool, page: Page, request: Request, response: Response, status: int = 200
) -> None:
    """Draw a page into the response."""
    client = request.args.get("client_id", "")
    look = pool.ui.get(client) or pool.ui.get("ALL") or {}
    port = request.host.partition(":")[2]
    response.data = (
        _template()
        .render(
            page=page,
            pool=pool.name,
            csrf=browser.csrf_token(request, response),
            # A style sheet cannot end its element.
            css=(look.get("CSS") or "").replace("<", ""),
            mailbox=f"http://localhost{':' + port if port else ''}/_sandbox/mailbox",
        )
        .encode()
    )
    _headers(response, status)


def missing_domain(response: Response) -> None:
    """A domain that no pool has."""
    page = Page("There is no such sign-in page", "No user pool in this sandbox has this domain.")
    response.data = _template().render(page=page, pool="", csrf="", css="", mailbox="").encode()
    _headers(response, 404)


def _headers(response: Response, status: int) -> None:
    response.status_code = status
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def failure(reason: str) -> Page:
    """Something that cannot go on."""
    return Page("An error was encountered with the requested page.", reason)


def name_label(pool: UserPool) -> str:
    """What users call themselves in this pool."""
    names = [LABELS[attribute] for attribute in pool.username_attributes]
    if not names:
        names = ["User name"]
        names += [LABELS.get(alias, alias).lower() for alias in pool.alias_attributes]
    return " or ".join(names)


def login(visit: Visit, *, error: str = "", username: str = "", notice: str = "") -> Page:
    """Sign in."""
    pool = visit.pool
    closed = (pool.settings.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly")
    links = [("", "Forgot your password?", visit.link("/forgotPassword"))]
    if not closed:
        links.append(("Need an account?", "Sign up", visit.link("/signup")))
    return Page(
        "Sign in",
        "",
        visit.link("/login"),
        [
            Field("username", name_label(pool), value=username, complete="username"),
            Field("password", "Password", "password", complete="current-password"),
        ],
        "Sign in",
        links,
        error=error,
        notice=NOTICES.get(notice, ""),
    )


def signup(visit: Visit, *, error: str = "") -> Page:
    """Register."""
    pool, form = visit.pool, visit.form
    username_type = "email" if pool.username_attributes == ["email"] else "text"
    fields = [
        Field(
            "username",
            " or ".join(LABELS[a] for a in pool.username_attributes) or "User name",
            username_type,
            form.get("username", ""),
            "username",
        )
    ]
    wanted = [name for name, rule in pool.schema.items() if rule["Required"] and name != "sub"]
    for name in (*pool.alias_attributes, *(pool.settings.get("AutoVerifiedAttributes") or ())):
        if name not in wanted and name != "preferred_username":
            wanted.append(name)
    for name in wanted:
        if pool.username_attributes == [name]:
            continue
        key = f"attribute.{name}"
        fields.append(
            Field(
                key,
                LABELS.get(name, name.removeprefix("custom:").replace("_", " ").capitalize()),
                TYPES.get(name, "text"),
                form.get(key, ""),
                placeholder=HINTS.get(name, ""),
                required=pool.schema[name]["Required"],
            )
        )
    fields.append(Field("password", "Password", "password", complete="new-password"))
    return Page(
        "Sign up",
        "",
        visit.link("/signup"),
        fields,
        "Sign up",
        [("Already have an account?", "Sign in", visit.link("/login"))],
        error=error,
        rules=password_rules(pool),
    )


def password_rules(pool: UserPool) -> list[str]:
    """The policy in words."""
    policy = passwords.policy_of(pool)
    rules = [f"at least {policy['MinimumLength']} characters"]
    for setting, words in (
        ("RequireLowercase", "a lower-case letter"),
        ("RequireUppercase", "an upper-case letter"),
        ("RequireNumbers", "a number"),
        ("RequireSymbols", "a special character"),
    ):
        if policy.get(setting):
            rules.append(words)
    return rules


def confirm(visit: Visit, name: str, *, sent: str = "", error: str = "") -> Page:
    """Type the code of the mail."""
    lead = "We have sent a code to " + sent if sent else "Type the code that was sent to you"
    return Page(
        "Confirm your account",
        f"{lead}. It confirms that the address is yours.",
        visit.link("/confirm"),
        [Field("code", "Verification code", complete="one-time-code", code=True)],
        "Confirm account",
        [("", "Back to sign in", visit.link("/login"))],
        {"username": name},
        ("resend", "Send another code"),
        error,
        mailbox=True,
    )


def forgot(visit: Visit, *, error: str = "") -> Page:
    """Ask for a code to set a new password."""
    return Page(
        "Forgot your password?",
        "Tell us who you are. We send a code with which you can set a new one.",
        visit.link("/forgotPassword"),
        [Field("username", name_label(visit.pool), complete="username")],
        "Reset my password",
        [("", "Back to sign in", visit.link("/login"))],
        error=error,
    )


def reset(visit: Visit, name: str, *, sent: str = "", error: str = "") -> Page:
    """Set a new password with a code."""
    lead = f"We have sent a code to {sent}." if sent else "Type the code that was sent to you."
    return Page(
        "Set a new password",
        lead,
        visit.link("/confirmForgotPassword"),
        [
            Field("code", "Code", complete="one-time-code", code=True),
            Field("password", "New password", "password", complete="new-password"),
            Field("again", "New password again", "password", complete="new-password"),
        ],
        "Change password",
        [("", "Back to sign in", visit.link("/login"))],
        {"username": name},
        error=error,
        rules=password_rules(visit.pool),
        mailbox=True,
    )


def new_password(visit: Visit, challenge: dict[str, Any], user: User, *, error: str = "") -> Page:
    """Replace the temporary password."""
    missing = [
        name
        for name, rule in visit.pool.schema.items()
        if rule["Required"] and name != "sub" and not user.attributes.get(name)
    ]
    fields = [
        Field("password", "New password", "password", complete="new-password"),
        Field("again", "New password again", "password", complete="new-password"),
    ]
    fields += [
        Field(f"userAttributes.{name}", LABELS.get(name, name), TYPES.get(name, "text"))
        for name in missing
    ]
    return Page(
        "Choose your password",
        "You signed in with a temporary password. Choose one of your own.",
        visit.link("/newPassword"),
        fields,
        "Save",
        hidden={"session": challenge["Session"], "username": user.username},
        error=error,
        rules=password_rules(visit.pool),
    )


def one_time_code(visit: Visit, challenge: dict[str, Any], user: User, *, error: str = "") -> Page:
    """The second factor."""
    name = challenge["ChallengeName"]
    sent = challenge["ChallengeParameters"].get("CODE_DELIVERY_DESTINATION", "")
    app = name == "SOFTWARE_TOKEN_MFA"
    lead = (
        "Type the code that your authenticator app shows."
        if app
        else f"We have sent a code to {sent}."
        if sent
        else "Type the code that was sent to you."
    )
    return Page(
        "One more step",
        lead,
        visit.link("/mfa"),
        [Field("code", "Code", complete="one-time-code", code=True)],
        "Sign in",
        [("", "Back to sign in", visit.link("/login"))],
        {"session": challenge["Session"], "challenge": name, "username": user.username},
        error=error,
        mailbox=not app,
    )


def set_up_app(visit: Visit, user: User, session: str, secret: str, *, error: str = "") -> Page:
    """The secret for an authenticator app, and its first code."""
    spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return Page(
        "Set up your authenticator app",
        f"Type this secret into the app, then the code that it shows: {spaced}",
        visit.link("/mfaSetup"),
        [Field("code", "Code", complete="one-time-code", code=True)],
        "Sign in",
        [("", "Back to sign in", visit.link("/login"))],
        {"session": session, "username": user.username},
        error=error,
    )
