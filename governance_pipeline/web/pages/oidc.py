"""Sign-in with OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).

Who somebody is comes from the signed ID token alone, never from a header. It counts only if the provider says
that it has verified the mail address, where the address is what people are known by.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import cached_property
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

from governance_pipeline.charter.settings import SignIn
from governance_pipeline.errors import CannotEvaluate, Refused
from governance_pipeline.web.pages.doors import Identity, Leaving, host_name

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Of ID tokens; none of them is symmetric, and ``none`` is not among them."""

CALLBACK = "/sign-in/callback"
_SECONDS = 10
_LEEWAY = 60


class OidcDoor:
    """The provider of a project.

    Args:
        secret: of the client; None for a public one.
    """

    def __init__(self, settings: SignIn, secret: str | None) -> None:
        self._settings = settings
        self._secret = secret
        self.hosts = frozenset({host_name(urlsplit(settings.url).netloc)})

    def forms_go_to(self) -> tuple[str, ...]:
        parts = urlsplit(self._provider["authorization_endpoint"])
        return (f"{parts.scheme}://{parts.netloc}",)

    def leave(self) -> Leaving:
        verifier, nonce = token_urlsafe(48), token_urlsafe(24)
        with self._client() as client:
            url, state = client.create_authorization_url(
                self._provider["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return Leaving(url, {"state": state, "nonce": nonce, "verifier": verifier})

    def arrive(self, remembered: Mapping[str, str], given: Mapping[str, str]) -> Identity:
        if not hmac.compare_digest(given.get("state", ""), remembered.get("state", "-")):
            raise Refused("this sign-in was not begun here, or too long ago", hint="begin it again")
        if given.get("iss", self._expected_iss) != self._settings.issuer:
            raise Refused("this answer comes from another provider", hint="begin the sign-in again")
        if "code" not in given:
            said = given.get("error_description") or given.get("error") or "it gave no reason"
            raise Refused(f"{self._settings.issuer} did not sign you in: {said}", hint="try again")
        claims = self._claims(given["code"], remembered)
        return Identity(self._name(claims), f"OpenID Connect, {claims['iss']}, subject {claims['sub']}")

    def _claims(self, code: str, remembered: Mapping[str, str]) -> Mapping[str, Any]:
        """The claims of the ID token for a code, verified."""
        from authlib.common.errors import AuthlibBaseError
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
        from requests import RequestException

        try:
            with self._client() as client:
                answer = client.fetch_token(
                    self._provider["token_endpoint"], code=code, code_verifier=remembered["verifier"]
                )
            keys = KeySet.import_key_set(_fetched(self._provider["jwks_uri"]))
            token = jwt.decode(answer["id_token"], keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self._settings.issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                },
                {
                    "nonce": remembered["nonce"],
                    "client_id": self._settings.client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY)
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise Refused(
                f"what {self._settings.issuer} says about you does not hold: {error}", hint="sign in again"
            ) from error
        except RequestException as error:
            raise self._unreachable(error) from error
        return dict(claims)

    def _name(self, claims: Mapping[str, Any]) -> str:
        wanted = self._settings.claim
        name = claims.get(wanted)
        if not isinstance(name, str) or not name:
            raise Refused(
                f"{self._settings.issuer} does not say your {wanted}",
                hint="let it release that claim, or name another one as sign_in.claim in governance.yaml",
            )
        if wanted == "email" and claims.get("email_verified") is not True:
            raise Refused(
                f"{self._settings.issuer} has not verified the address {name}",
                hint="verify it there, or name another claim as sign_in.claim in governance.yaml",
            )
        return name

    @cached_property
    def _provider(self) -> Mapping[str, Any]:
        """Its metadata (OpenID Connect Discovery 1.0)."""
        from requests import RequestException

        issuer = self._settings.issuer
        try:
            found: Mapping[str, Any] = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        except (RequestException, ValueError) as error:
            raise self._unreachable(error) from error
        missing = {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} - set(found)
        if missing or found["issuer"] != issuer:
            raise CannotEvaluate(
                f"what answers at {issuer} is not that OpenID Connect provider",
                hint="set sign_in.issuer in governance.yaml exactly as the provider names itself",
            )
        return found

    @property
    def _expected_iss(self) -> str:
        """The issuer of an answer that names none: ours, but of a provider that always does (RFC 9207)."""
        names_itself = self._provider.get("authorization_response_iss_parameter_supported")
        return "" if names_itself else self._settings.issuer

    def _client(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            self._settings.client_id,
            self._secret,
            scope="openid email profile",
            redirect_uri=self._settings.url.rstrip("/") + CALLBACK,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            default_timeout=_SECONDS,
        )

    def _unreachable(self, error: Exception) -> CannotEvaluate:
        return CannotEvaluate(
            f"the sign-in service {self._settings.issuer} does not answer ({type(error).__name__})",
            hint="try again in a minute; if it stays so, tell whoever runs it",
        )


def _fetched(url: str) -> Any:
    import requests

    answer = requests.get(url, timeout=_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()
