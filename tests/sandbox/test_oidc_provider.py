"""The OpenID provider vouches for the person it was told of, to its one client, once for each code."""

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from sandbox.oidc import OidcProvider, oidc_provider

BACK = "http://127.0.0.1:1/oauth2callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider(BACK) as running:
        running.person = {"email": "ana@agency.example", "email_verified": True}
        yield running


def asked(provider: OidcProvider, **changed: str) -> httpx.Response:
    request = {
        "client_id": provider.client_id, "redirect_uri": BACK, "response_type": "code", "scope": "openid email",
        "state": "s1", "nonce": "n1", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    endpoint = httpx.get(provider.metadata_url).json()["authorization_endpoint"]
    return httpx.get(endpoint, params=request | changed)


def exchanged(provider: OidcProvider, code: str, *, secret: str | None = None, verifier: str = VERIFIER) -> dict:
    endpoint = httpx.get(provider.metadata_url).json()["token_endpoint"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier}
    return httpx.post(endpoint, data=form, auth=(provider.client_id, secret or provider.client_secret)).json()


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def test_a_code_is_exchanged_once_for_a_signed_id_token(provider: OidcProvider) -> None:
    answer = asked(provider)
    assert parse_qs(urlsplit(answer.headers["location"]).query)["state"] == ["s1"]
    told = exchanged(provider, code_of(answer))
    claims = jwt.decode(told["id_token"], KeySet.import_key_set(httpx.get(f"{provider.issuer}/jwks").json())).claims
    assert (claims["email"], claims["nonce"], claims["aud"]) == ("ana@agency.example", "n1", provider.client_id)
    assert exchanged(provider, code_of(answer)) == {"error": "invalid_grant"}


def test_a_forged_id_token_does_not_fit_the_published_keys(provider: OidcProvider) -> None:
    with provider.forging():
        told = exchanged(provider, code_of(asked(provider)))
    with pytest.raises(BadSignatureError):
        jwt.decode(told["id_token"], KeySet.import_key_set(httpx.get(f"{provider.issuer}/jwks").json()))


@pytest.mark.parametrize(
    "changed",
    [{"client_id": "another"}, {"redirect_uri": "http://127.0.0.1:2/"}, {"code_challenge_method": "plain"},
     {"response_type": "token"}, {"scope": "email"}],
)  # fmt: skip
def test_what_the_client_would_not_ask_is_refused(provider: OidcProvider, changed: dict[str, str]) -> None:
    assert asked(provider, **changed).status_code == 400


def test_another_secret_or_another_verifier_gets_no_token(provider: OidcProvider) -> None:
    assert exchanged(provider, code_of(asked(provider)), secret="a guess") == {"error": "invalid_client"}
    assert exchanged(provider, code_of(asked(provider)), verifier="w" * 43) == {"error": "invalid_grant"}
