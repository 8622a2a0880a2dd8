"""pynetbox over this product's own HTTP client, for the few calls whose volume is low.

Tables are read and changes are written with the client itself: pynetbox's lists follow whatever address an answer names,
and its writes carry no If-Match. It opens no connection here, and it never sees the token: every request goes through
the JsonClient, with its limits, timeouts, TLS settings and errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pynetbox
import requests
from pynetbox.core.endpoint import Endpoint

from netbox_sync_dagster.http import JsonClient, decode
from netbox_sync_dagster.server_errors import ServerError, too_many

# Rows of a page, at most; NetBox may send fewer.
_PAGE = 1000


def netbox_api(client: JsonClient) -> pynetbox.api:
    """pynetbox for the NetBox of this client. Its calls raise ServerError; only GET and POST are sent."""
    api = pynetbox.api(client.base_url)
    api.http_session = _Session(client)
    return api


def listed(client: JsonClient, endpoint: Endpoint, **filters: Any) -> list[dict[str, Any]]:
    """All objects of a list, as dictionaries, page by page: the next page is asked for here, wherever an answer says it is.

    Raises ServerError, also for a list that does not end; an answer of another shape raises what
    ``sources.reading.MALFORMED`` names.
    """
    rows: list[dict[str, Any]] = []
    while True:
        page = endpoint.filter(limit=_PAGE, offset=len(rows), **filters)
        found = [dict(record) for record in page]
        rows += found
        if not found or len(rows) >= len(page):
            return rows
        if len(rows) > client.limits.rows:
            raise ServerError(client.who, too_many(str(endpoint.url), client.limits.rows))


@dataclass(frozen=True)
class _Answer:
    """What pynetbox reads of a ``requests.Response``. Only good answers come this far."""

    url: str
    content: Any
    status_code: int = 200
    ok: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return self.content


class _Session(requests.Session):
    """Hands every request to the client; has no way to send one itself."""

    def __init__(self, client: JsonClient) -> None:
        super().__init__()
        self.adapters.clear()
        self.trust_env = False
        self._client = client

    def request(self, method: Any, url: Any, *_: Any, **given: Any) -> Any:
        """Raises ServerError, also for an address that is not the configured NetBox's."""
        path = self._below(str(url))
        if method == "GET":
            return _Answer(str(url), self._client.get(path, given.get("params") or None))
        if method == "POST":
            # Once: whether a POST whose answer is lost was carried out is not known.
            response = self._client.send("POST", path, ok=(200, 201), attempts=1, json=given.get("json"))
            return _Answer(str(url), decode(self._client.who, response), response.status_code)
        raise NotImplementedError(
            f"{method} is not sent with pynetbox: changes are guarded, see apply/client.py"
        )

    def _below(self, url: str) -> str:
        base, asked = urlsplit(self._client.base_url), urlsplit(url)
        path = asked.path.removeprefix(base.path)
        same = (asked.scheme, asked.netloc) == (base.scheme, base.netloc) and asked.path.startswith(base.path)
        if not same or not path.startswith("/api/"):
            raise ServerError(
                self._client.who,
                f"an answer names the address {asked.scheme}://{asked.netloc}{asked.path}, which is not below "
                f"{self._client.base_url}/api; nothing was sent there",
            )
        return f"{path}?{asked.query}" if asked.query else path
