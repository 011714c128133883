"""An OpenID provider on 127.0.0.1 that asks nobody anything: it vouches for the person it has been told of.

GET /.well-known/openid-configuration · GET /jwks · GET /authorize → back with a code · POST /token → ID token (RS256)

It is as strict as a real one: the client and its secret, the one address it sends people back to, S256, each code once.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CODE_SECONDS = 60
TOKEN_SECONDS = 300


class OidcProvider:
    """The provider of one client. `person` holds the claims of whoever comes next; `log_ins` counts ID tokens."""

    def __init__(self, redirect_url: str, *, client_id: str = "paid-media") -> None:
        self.client_id, self.client_secret = client_id, secrets.token_urlsafe(16)
        self.redirect_url = redirect_url
        self.person: dict[str, Any] = {}
        self.log_ins = 0
        self._published = self._signing = RSAKey.generate_key(2048, auto_kid=True)
        self._codes: dict[str, tuple[float, dict[str, str]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="sandbox-oidc", daemon=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.metadata_url = f"{self.issuer}/.well-known/openid-configuration"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def forging(self) -> Iterator[None]:
        """Sign with a key that is not the published one."""
        self._signing = RSAKey.generate_key(2048)
        try:
            yield
        finally:
            self._signing = self._published

    def keys(self) -> dict[str, Any]:
        """The published keys."""
        return dict(KeySet([self._published]).as_dict(private=False))

    def metadata(self) -> dict[str, object]:
        """What discovery says."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent: back, with a code. Raises ValueError for what is not the client's request."""
        if (asked.get("client_id"), asked.get("redirect_uri")) != (self.client_id, self.redirect_url):
            raise ValueError("another client, or another address to go back to")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            raise ValueError("only the code flow of OpenID is served")
        if asked.get("code_challenge_method") != "S256":
            raise ValueError("PKCE with S256 is required")
        code = secrets.token_urlsafe(16)
        self._codes[code] = (time.time() + CODE_SECONDS, asked)
        return f"{self.redirect_url}?{urlencode({'code': code, 'state': asked.get('state', '')})}"

    def tokens(self, client: tuple[str, str], form: dict[str, str]) -> dict[str, object]:
        """What a code is exchanged for, once. Raises ValueError for anything else."""
        if client != (self.client_id, self.client_secret):
            raise ValueError("invalid_client")
        expires, asked = self._codes.pop(form.get("code", ""), (0.0, {}))
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        is_asker = base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked.get("code_challenge")
        if time.time() > expires or not is_asker or form.get("redirect_uri") != self.redirect_url:
            raise ValueError("invalid_grant")
        self.log_ins += 1
        return {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": self._id_token(asked.get("nonce", "")),
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": self.client_id, "sub": hashlib.sha256(str(self.person).encode()).hexdigest(),
            "iat": now, "exp": now + TOKEN_SECONDS, "nonce": nonce, **self.person,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": self._published.kid}, claims, self._signing)


@contextmanager
def oidc_provider(redirect_url: str) -> Iterator[OidcProvider]:
    """Vouch for people until the block ends."""
    provider = OidcProvider(redirect_url)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


def _handler_of(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                self._answer(200, provider.metadata())
            elif parts.path == "/jwks":
                self._answer(200, provider.keys())
            elif parts.path == "/authorize":
                try:
                    back = provider.authorize(dict(parse_qsl(parts.query)))
                except ValueError as error:
                    self._answer(400, {"error": str(error)})
                else:
                    self._answer(302, {}, {"Location": back})
            else:
                self._answer(404, {"error": "not_found"})

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
            try:
                self._answer(200, provider.tokens(self._client(), form), {"Cache-Control": "no-store"})
            except ValueError as error:
                self._answer(400, {"error": str(error)})

        def _client(self) -> tuple[str, str]:
            basic = self.headers.get("Authorization", "").removeprefix("Basic ")
            name, _, secret = base64.b64decode(basic).decode().partition(":")
            return unquote(name), unquote(secret)

        def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    return Handler
