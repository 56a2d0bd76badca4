"""Who may use the API: whoever shows the token (RFC 6750)."""

from __future__ import annotations

import asyncio
import hmac
import re

import structlog
from aiohttp import hdrs, web

from sidecar.errors import OperatorError
from sidecar.web.api.endpoint import RequestError

log = structlog.get_logger(__name__)

BURST = 20
"""Wrong tokens that are told so at once; from there on one a second is, the rest get 429."""
LOG_EVERY = 60.0
"""Seconds between two log lines about wrong tokens."""
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{16,}=*")
_REALM = 'Bearer realm="consent-sidecar"'


def usable(token: str) -> str:
    """Return a token that a client can show (RFC 6750 section 2.1) and nobody can guess.

    Raises OperatorError for any other.
    """
    if not _TOKEN.fullmatch(token):
        message = (
            'must be 16 or more letters, digits or "-._~+/": '
            "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one"
        )
        raise OperatorError(message, key="http.token")
    return token


class TokenCheck:
    """Lets requests with the right token pass.

    The right token always passes, so that nobody can keep an operator from stopping a recording
    by showing wrong ones. Wrong ones cost one comparison and are answered shortly; what makes
    guessing hopeless is the length of the token (`usable`).

    Raises OperatorError for a token that is not usable.
    """

    def __init__(self, token: str) -> None:
        self._token = usable(token).encode()
        self._left = float(BURST)
        self._looked_at = 0.0
        self._wrong = 0
        self._log_at = 0.0

    def check(self, request: web.Request) -> None:
        """Raise RequestError unless the request shows the token."""
        given = request.headers.getall(hdrs.AUTHORIZATION, [])
        if not given:
            message = 'this needs the token of [http] token: "Authorization: Bearer TOKEN"'
            raise RequestError(401, message, headers=((hdrs.WWW_AUTHENTICATE, _REALM),))
        scheme, _, token = given[0].partition(" ")
        shown = token.strip().encode(errors="surrogateescape")
        right = hmac.compare_digest(shown, self._token)
        if right and scheme.lower() == "bearer" and len(given) == 1:
            return
        raise self._refusal(asyncio.get_running_loop().time())

    def _refusal(self, now: float) -> RequestError:
        self._left = min(float(BURST), self._left + now - self._looked_at)
        self._looked_at = now
        self._wrong += 1
        if now >= self._log_at:
            log.warning("api_token_wrong", requests=self._wrong)
            self._wrong, self._log_at = 0, now + LOG_EVERY
        if self._left < 1:
            return RequestError(429, "too many wrong tokens", headers=((hdrs.RETRY_AFTER, "1"),))
        self._left -= 1
        challenge = f'{_REALM}, error="invalid_token"'
        return RequestError(
            401, "the token is wrong", headers=((hdrs.WWW_AUTHENTICATE, challenge),)
        )
