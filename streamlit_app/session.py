"""The session of a browser: log-in, the cookie that survives a reload, the end of it.

form or provider → accounts → token → this tab's state, and a ticket → POST /session → HttpOnly cookie → every other tab

A script can only be told a ticket, which opens nothing after a minute; the token itself is out of any script's reach.
"""

from contextlib import AbstractContextManager

import streamlit as st
from cryptography.fernet import InvalidToken
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from warehouse import audit
from warehouse.access import accounts
from warehouse.access.accounts import Person
from warehouse.access.single_sign_on import Identity
from warehouse.postgres import database
from warehouse.secrets.secret_key import fernet
from warehouse.settings import get_settings

COOKIE = "paidmedia_session"
IDENTITY_COOKIES = "_streamlit_user"  # how the names begin of those in which Streamlit keeps what a provider said
# Back from a provider, which ends at the first page: on to the address that the door has noted.
GO_ON = """.then(() => {
    const wanted = sessionStorage.getItem('wanted');
    sessionStorage.removeItem('wanted');
    if (wanted) location.replace(wanted);
})"""
TICKET_SECONDS = 60
TICKET_BYTES = 4_096
AGENT_LETTERS = 300
LOOK_SECONDS = 30  # how soon an open page notices that its session has ended


def person() -> Person | None:
    """Who has logged in, in this tab or in another one of the browser; None if nobody has or the session is over."""
    token = _token()
    if token is None:
        return None
    with database.session() as current:
        found = accounts.person(current, token)
    if found is None:
        _forget(why="The session has ended. Log in again.")
    return found


def log_in(email: str, password: str) -> bool:
    """Begin a session; False when refused."""
    with acting(email), database.session() as current:
        token = accounts.log_in(current, email, password)
    if token is not None:
        _begin(token)
    return token is not None


def log_in_vouched(vouched: Identity) -> str | None:
    """Begin the session of whom the provider has just vouched for; returns why not."""
    with acting(vouched.email or accounts.NAMELESS), database.session() as current:
        why = accounts.log_in_vouched(current, vouched)
    if why is None:
        _begin(vouched.token)
        st.session_state["is_back"] = True
    return why


def log_out() -> None:
    """End the session, in every tab."""
    token = _token()
    if token is not None:
        with acting(), database.session() as current:
            accounts.log_out(current, token)
    _forget(why="You have logged out.")


def change_password(old: str, new: str) -> None:
    """Change the viewer's own password. Raises `PaidMediaError`."""
    with acting(), database.session() as current:
        accounts.change_password(current, _token() or "", old, new)


def keep() -> None:
    """Right after a log-in: let the browser fetch its cookie, so that a reload and other tabs know it too."""
    ticket = st.session_state.pop("ticket", None)
    if ticket is not None:
        then = GO_ON if st.session_state.pop("is_back", False) else ""
        script = f"<script>fetch('/session', {{method: 'POST', body: '{ticket}'}}){then}</script>"
        st.html(script, unsafe_allow_javascript=True)  # a ticket is base64url: no quote can be in it


def drop_identity() -> None:
    """Let the browser forget what the provider said: it has been read."""
    st.html("<script>fetch('/session', {method: 'DELETE'})</script>", unsafe_allow_javascript=True)


@st.fragment(run_every=LOOK_SECONDS)
def watch() -> None:
    """Look now and then whether the session is still good; looking is no use of it."""
    if st.session_state.pop("just_drawn", False):
        return
    token = _token()
    with database.session() as current:
        is_over = token is None or accounts.person(current, token, is_use=False) is None
    if is_over:
        st.rerun()


def actor(name: str | None = None) -> audit.Actor:
    """Who acts, the viewer if nobody is named: at the address and with the browser that the request tells of."""
    who = name or st.session_state["viewer"].name
    address, agent = _told(st.context.ip_address), _told(st.context.headers.get("User-Agent"))
    return audit.Actor(who.strip().lower(), address, agent and agent[:AGENT_LETTERS])


def acting(name: str | None = None) -> AbstractContextManager[None]:
    """What is recorded inside is this person's doing, the viewer's if nobody is named."""
    return audit.acting(actor(name))


async def give_cookie(request: Request) -> Response:
    """`POST /session` with a ticket: the cookie of its token. Answered to the app's own pages only.

    What the provider said leaves the browser with it, and by `DELETE /session` alone: it counts once, at the door.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return Response(status_code=403)
    if request.method == "DELETE":
        return _without_identity(request)
    ticket = (await request.body())[:TICKET_BYTES]
    try:
        token = fernet(get_settings()).decrypt(ticket, ttl=TICKET_SECONDS).decode()
    except InvalidToken:
        return Response(status_code=403)
    answer = _without_identity(request)
    is_https = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    answer.set_cookie(COOKIE, token, path="/", httponly=True, samesite="lax", secure=is_https)
    return answer


ROUTES = (Route("/session", give_cookie, methods=["POST", "DELETE"]),)


def _without_identity(request: Request) -> Response:
    answer = Response(status_code=204)
    for name in request.cookies:
        if name.startswith(IDENTITY_COOKIES):
            answer.delete_cookie(name, path="/")
    return answer


def _begin(token: str) -> None:
    _forget()
    st.session_state["token"] = token
    st.session_state["ticket"] = fernet(get_settings()).encrypt(token.encode()).decode()


def _token() -> str | None:
    """The token of this tab, else the browser's; one that is over is not looked at again."""
    token: str | None = st.session_state.get("token") or _told(st.context.cookies.get(COOKIE))
    return None if token is not None and token == st.session_state.get("over") else token


def _told(value: object) -> str | None:
    """What the request says, if it does: there is none in a test of Streamlit's, which makes something up."""
    return value if isinstance(value, str) else None


def _forget(*, why: str | None = None) -> None:
    """Leave nothing of a viewer in this tab's state, but for a token that is over and why."""
    over = _token()
    st.session_state.clear()
    if why is not None:
        st.session_state.update(over=over, farewell=why)
