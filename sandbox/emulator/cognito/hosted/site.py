"""The pages of a pool's domain: sign-in, registration, codes, passwords, second factors, sign-out.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from localstack.aws.api import CommonServiceException
from localstack.http import Request, Response

from sandbox.emulator.cognito import models, users
from sandbox.emulator.cognito.flows import completion, factors, password, sessions
from sandbox.emulator.cognito.hosted import authorize, browser, pages, token
from sandbox.emulator.cognito.hosted.authorize import Asked, ClientError, PageError
from sandbox.emulator.cognito.models import User, UserPool
from sandbox.emulator.cognito.operations import sign_up
from sandbox.emulator.state import restore, saver

PROGRAM_PATHS = ("/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke")


class Visit:
    """One request of a browser to the pages of a pool."""

    def __init__(self, pool: UserPool, request: Request, response: Response) -> None:
        self.pool = pool
        self.request = request
        self.response = response
        self.posted = request.method == "POST"
        self.form = request.form if self.posted else {}
        self.given = {
            **request.args,
            **{k: v for k, v in self.form.items() if not k.startswith("_")},
        }
        self._asked: Asked | None = None

    @property
    def asked(self) -> Asked:
        """What the client asked for; raises PageError and ClientError."""
        if self._asked is None:
            self._asked = authorize.read(self.pool, self.request.args)
        return self._asked

    def redirect(self, address: str) -> None:
        """Send the browser elsewhere."""
        self.response.status_code = 302
        self.response.headers["Location"] = address
        self.response.headers["Content-Length"] = "0"

    def go(self, path: str, **more: str) -> None:
        """Send the browser to another page with the client's parameters."""
        query = self.asked.query
        self.redirect(f"{path}?{query}" + (f"&{urlencode(more)}" if more else ""))

    def show(self, page: pages.Page, status: int = 200) -> None:
        """Fill the response with a page."""
        pages.render(self.pool, page, self.request, self.response, status)

    def link(self, path: str, **more: str) -> str:
        """The address of another page with the client's parameters."""
        return f"{path}?{urlencode({**self.asked.given, **more})}"


def serve(name: str, request: Request, response: Response) -> None:
    """Answer a request to the domain `name`."""
    restore.ensure("cognito-idp")
    pool = models.find_domain(name)
    if pool is None:
        pages.missing_domain(response)
        return
    path = request.path.rstrip("/") or "/"
    if path.lower() in PROGRAM_PATHS:
        token.serve(pool, path.lower(), request, response)
        if request.method == "POST":
            saver.mark("cognito-idp")
        return
    visit = Visit(pool, request, response)
    page = PAGES.get(path)
    if page is None or request.method not in ("GET", "POST"):
        visit.show(pages.failure("There is no such page."), 404 if page is None else 405)
        return
    try:
        if visit.posted and not browser.form_is_ours(request):
            raise PageError("This form has expired. Go back, reload the page and try again.")
        page(visit)
    except PageError as error:
        visit.show(pages.failure(error.reason), 400)
    except ClientError as error:
        visit.redirect(authorize.failure(error))
    if visit.posted or path == "/logout" or "authorize" in path:
        saver.mark("cognito-idp")


def _authorize(visit: Visit) -> None:
    found = browser.signed_in(visit.pool, visit.request)
    asked = visit.asked
    if found is None:
        visit.go("/login")
        return
    user, auth_time = found
    visit.redirect(_answer(visit, asked, user, auth_time))


def _answer(visit: Visit, asked: Asked, user: User, auth_time: int) -> str:
    try:
        return authorize.answer(visit.pool, asked, user, auth_time)
    except CommonServiceException as refusal:
        raise ClientError(asked, "invalid_request", str(refusal.message)) from refusal


def _login(visit: Visit) -> None:
    asked = visit.asked
    if not visit.posted:
        visit.show(pages.login(visit, notice=visit.request.args.get("_notice", "")))
        return
    name = visit.form.get("username", "").strip()
    try:
        user = password.checked_user(visit.pool, asked.client, name, visit.form.get("password", ""))
        challenge = completion.next_challenge(visit.pool, asked.client, user)
    except CommonServiceException as refusal:
        if refusal.code == "UserNotConfirmedException":
            visit.go("/confirm", username=name)
        elif refusal.code == "PasswordResetRequiredException":
            visit.go("/confirmForgotPassword", username=name)
        else:
            visit.show(pages.login(visit, error=_words(refusal), username=name))
        return
    _proceed(visit, user, challenge)


def _proceed(visit: Visit, user: User, challenge: dict[str, Any] | None) -> None:
    if challenge is None:
        try:
            completion.authenticated(visit.pool, visit.asked.client, user)
        except CommonServiceException as refusal:
            visit.show(pages.login(visit, error=_words(refusal)))
            return
        auth_time = browser.remember(visit.pool, user, visit.response)
        visit.redirect(_answer(visit, visit.asked, user, auth_time))
        return
    name = challenge["ChallengeName"]
    if name == "NEW_PASSWORD_REQUIRED":
        visit.show(pages.new_password(visit, challenge, user))
    elif name in factors.ANSWERS:
        visit.show(pages.one_time_code(visit, challenge, user))
    elif name == "SELECT_MFA_TYPE":
        choice = json.loads(challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"])[0]
        _proceed(visit, user, completion.ask_factor(visit.pool, visit.asked.client, user, choice))
    else:
        _set_up_app(visit, user, challenge["Session"])


def _set_up_app(visit: Visit, user: User, session: str, error: str = "") -> None:
    try:
        secret = user.totp_pending if error else factors.begin_totp(visit.pool, user)
    except CommonServiceException as refusal:
        # The pool wants a second factor and offers none that this user could have.
        visit.show(pages.login(visit, error=_words(refusal)))
        return
    visit.show(pages.set_up_app(visit, user, session, secret, error=error))


def _app(visit: Visit) -> None:
    if not visit.posted:
        visit.go("/login")
        return
    client, session = visit.asked.client, visit.form.get("session", "")
    try:
        found = sessions.find(visit.pool, client, session, "MFA_SETUP")
        user = sessions.user_of(visit.pool, found)
    except CommonServiceException as refusal:
        visit.show(pages.login(visit, error=_words(refusal)))
        return
    try:
        factors.finish_totp(user, visit.form.get("code", "").strip())
        sessions.close(visit.pool, session)
    except CommonServiceException as refusal:
        _set_up_app(visit, user, session, _words(refusal))
        return
    if completion.TOTP not in user.mfa:
        user.mfa.append(completion.TOTP)
    _proceed(visit, user, None)


def _new_password(visit: Visit) -> None:
    if not visit.posted:
        visit.go("/login")
        return
    form = visit.form
    answers = {name: value for name, value in form.items() if name.startswith("userAttributes.")}
    answers |= {"USERNAME": form.get("username", ""), "NEW_PASSWORD": form.get("password", "")}
    session = form.get("session")
    client = visit.asked.client
    try:
        if form.get("password") != form.get("again"):
            raise CommonServiceException("InvalidPasswordException", "The passwords differ.")
        user = password.accept_new_password(visit.pool, client, session, answers)
        challenge = completion.second_factor(visit.pool, client, user)
    except CommonServiceException as refusal:
        try:
            open_one = sessions.find(visit.pool, client, session, "NEW_PASSWORD_REQUIRED")
            user = sessions.user_of(visit.pool, open_one)
        except CommonServiceException:
            visit.show(pages.login(visit, error=_words(refusal)))
            return
        again = {"Session": session, "ChallengeParameters": {"requiredAttributes": "[]"}}
        visit.show(pages.new_password(visit, again, user, error=_words(refusal)))
        return
    _proceed(visit, user, challenge)


def _second_factor(visit: Visit) -> None:
    if not visit.posted:
        visit.go("/login")
        return
    name, session = visit.form.get("challenge", ""), visit.form.get("session", "")
    client = visit.asked.client
    if name not in factors.ANSWERS:
        raise PageError("This form has expired. Go back, reload the page and try again.")
    code = visit.form.get("code", "").strip()
    try:
        user, _first = factors.accept(
            visit.pool, client, name, session, {factors.ANSWERS[name]: code}
        )
    except CommonServiceException as refusal:
        try:
            open_one = sessions.find(visit.pool, client, session, name)
            user = sessions.user_of(visit.pool, open_one)
        except CommonServiceException:
            visit.show(pages.login(visit, error=_words(refusal)))
            return
        again = {"Session": session, "ChallengeName": name, "ChallengeParameters": {}}
        visit.show(pages.one_time_code(visit, again, user, error=_words(refusal)))
        return
    _proceed(visit, user, None)


def _signup(visit: Visit) -> None:
    asked = visit.asked
    if not visit.posted:
        visit.show(pages.signup(visit))
        return
    form = visit.form
    given = {
        name.removeprefix("attribute."): value.strip()
        for name, value in form.items()
        if name.startswith("attribute.") and value.strip()
    }
    name = form.get("username", "").strip()
    try:
        if not name:
            raise CommonServiceException("InvalidParameterException", "Type a user name.")
        found = sign_up.register(visit.pool, asked.client, name, form.get("password"), given)
    except CommonServiceException as refusal:
        visit.show(pages.signup(visit, error=_words(refusal)))
        return
    user = users.find(visit.pool, name) or users.find(visit.pool, found["UserSub"])
    if found["UserConfirmed"] and user is not None:
        _proceed(visit, user, completion.next_challenge(visit.pool, asked.client, user))
        return
    sent = (found.get("CodeDeliveryDetails") or {}).get("Destination", "")
    visit.go("/confirm", username=name, sent=sent)


def _confirm(visit: Visit) -> None:
    asked = visit.asked
    name = visit.given.get("username", "")
    if not visit.posted:
        visit.show(pages.confirm(visit, name, sent=visit.given.get("sent", "")))
        return
    user = users.find(visit.pool, name)
    try:
        if user is None:
            raise sign_up.codes.expired()
        if "resend" in visit.form:
            sent = sign_up.resend(visit.pool, asked.client, user)["Destination"]
            visit.show(pages.confirm(visit, name, sent=sent))
            return
        sign_up.confirm(visit.pool, asked.client, user, visit.form.get("code", "").strip())
    except CommonServiceException as refusal:
        visit.show(pages.confirm(visit, name, error=_words(refusal)))
        return
    visit.go("/login", _notice="confirmed")


def _confirm_by_link(visit: Visit) -> None:
    given = visit.request.args
    client = visit.pool.clients.get(given.get("client_id", ""))
    user = users.find(visit.pool, given.get("user_name", ""))
    try:
        if client is None or user is None:
            raise sign_up.codes.expired()
        sign_up.confirm(visit.pool, client, user, given.get("confirmation_code", ""))
    except CommonServiceException as refusal:
        raise PageError(_words(refusal)) from refusal
    saver.mark("cognito-idp")
    visit.show(pages.Page("Your registration has been confirmed!", "You can close this page."))


def _forgot(visit: Visit) -> None:
    asked = visit.asked
    if not visit.posted:
        visit.show(pages.forgot(visit))
        return
    name = visit.form.get("username", "").strip()
    user = users.find(visit.pool, name)
    try:
        if user is not None:
            sent = sign_up.forgot(visit.pool, asked.client, user)
        elif password.hides_users(asked.client):
            sent = sign_up.pretended(visit.pool, name)
        else:
            raise sign_up.no_user()
    except CommonServiceException as refusal:
        visit.show(pages.forgot(visit, error=_words(refusal)))
        return
    visit.go("/confirmForgotPassword", username=name, sent=sent["Destination"])


def _reset(visit: Visit) -> None:
    asked = visit.asked
    name = visit.given.get("username", "")
    if not visit.posted:
        visit.show(pages.reset(visit, name, sent=visit.given.get("sent", "")))
        return
    user = users.find(visit.pool, name)
    form = visit.form
    try:
        if user is None:
            raise sign_up.codes.expired()
        if form.get("password") != form.get("again"):
            raise CommonServiceException("InvalidPasswordException", "The passwords differ.")
        code = form.get("code", "").strip()
        sign_up.reset(visit.pool, asked.client, user, code, form.get("password", ""))
    except CommonServiceException as refusal:
        visit.show(pages.reset(visit, name, error=_words(refusal)))
        return
    visit.go("/login", _notice="reset")


def _logout(visit: Visit) -> None:
    given = visit.request.args
    client = visit.pool.clients.get(given.get("client_id", ""))
    if client is None:
        raise PageError("Client does not exist.")
    target = given.get("logout_uri")
    if target is None and given.get("redirect_uri"):
        asked = visit.asked
        browser.forget(visit.pool, visit.request, visit.response)
        visit.redirect(f"/login?{asked.query}")
        return
    if target is None or target not in (client.settings.get("LogoutURLs") or ()):
        raise PageError(
            "redirect_mismatch"
            if target
            else "Required String parameter 'logout_uri' is not present"
        )
    browser.forget(visit.pool, visit.request, visit.response)
    visit.redirect(target)


def _words(refusal: CommonServiceException) -> str:
    return str(refusal.message).strip()


PAGES: dict[str, Callable[[Visit], None]] = {
    "/oauth2/authorize": _authorize,
    "/login": _login,
    "/signup": _signup,
    "/confirm": _confirm,
    "/confirmUser": _confirm_by_link,
    "/forgotPassword": _forgot,
    "/confirmForgotPassword": _reset,
    "/newPassword": _new_password,
    "/mfa": _second_factor,
    "/mfaSetup": _app,
    "/logout": _logout,
}
