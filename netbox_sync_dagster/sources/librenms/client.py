"""The HTTP client for LibreNMS: base path, token, error answers that mean an empty list, large lists on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import orjson

from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.http import RETRYABLE_STATUS, JsonClient
from netbox_sync_dagster.server_errors import LOOK_BETWEEN, ServerError, too_many
from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.long_lists import LongList, NoList, RowTooLarge
from netbox_sync_dagster.wire import MIB

API = "/api/v0"
# Lists below this size are decoded at once: faster, and every byte is checked before the first row is taken.
_WHOLE = 4 << 20
_TAIL = 64 << 10
_NO_ROUTE = "This API route doesn't exist"


def connect(endpoint: LibreNMSEndpoint) -> JsonClient:
    """A client for the endpoint's API. Raises ServerError for a token that is missing or cannot be sent."""
    who = f"endpoint '{endpoint.name}'"
    try:
        token = endpoint.token()
    except MissingSecret as error:
        raise ServerError(who, str(error).removeprefix(f"{who}: ")) from None
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ServerError(who, f"the environment variable {endpoint.token_env} holds no LibreNMS API token")
    base = endpoint.base_url
    return JsonClient(
        who,
        endpoint,
        base_url=base if base.endswith(API) else base + API,
        headers={"X-Auth-Token": token, "Accept": "application/json"},
        secrets=(token,),
        concurrency=endpoint.fetch_max_concurrency,
        # LibreNMS answers 500 also where its database was busy or restarted.
        retryable_status=RETRYABLE_STATUS | {500},
    )


def no_such_route(error: ServerError) -> bool:
    """Whether this release of LibreNMS does not know the call."""
    return error.status == 404 and _NO_ROUTE in error.body


def nothing_there(error: ServerError) -> bool:
    """Whether a 404 is LibreNMS's way to say "no rows" (``VLANs do not exist``)."""
    if error.status != 404 or no_such_route(error):
        return False
    try:
        content = orjson.loads(error.body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict) and content.get("status") == "error"


def ends_endpoint(error: ServerError) -> bool:
    """Whether nothing more can be read from this server: token refused, no connection at all, or a limit of the whole
    snapshot exceeded."""
    return error.unreachable or error.whole or error.status == 401


def get_list(
    client: JsonClient,
    path: str,
    key: str,
    params: dict[str, Any] | None = None,
    *,
    attempts: int | None = None,
) -> list[Any]:
    """The rows of a short list; no rows where LibreNMS says that there are none. Raises ServerError."""
    try:
        content = client.get(path, params, attempts=attempts)
    except ServerError as error:
        if nothing_there(error):
            return []
        raise
    return _rows(client.who, path, content, key)


class Download:
    """One bulk list on disk. ``rows()`` may be called once; ``close()`` frees the file."""

    def __init__(
        self,
        client: JsonClient,
        path: str,
        key: str,
        folder: Path,
        params: dict[str, Any] | None = None,
        *,
        attempts: int | None = None,
    ) -> None:
        self._who = client.who
        self._limits = client.limits
        self._path = path
        self._key = key
        self._file: BinaryIO | None = TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)
        try:
            client.download(path, self._file, params=params, complete=is_complete, attempts=attempts)
        except ServerError as error:
            self.close()
            if not nothing_there(error):
                raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Free the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def rows(self) -> Iterator[Any]:
        """The rows, one at a time. Raises ServerError where the answer is not the list it should be."""
        if self._file is None:
            return
        try:
            size = self._file.seek(0, os.SEEK_END)
            self._file.seek(0)
            if size < _WHOLE:
                rows = _rows(self._who, self._path, orjson.loads(self._file.read()), self._key)
                if len(rows) > self._limits.rows:
                    raise ServerError(self._who, too_many(f"GET {self._path}", self._limits.rows))
                yield from rows
                return
            found = LongList(self._file, self._key, self._limits.answer_mib * MIB)
            count = 0
            for part in found:
                count += len(part)
                if count > self._limits.rows:
                    raise ServerError(self._who, too_many(f"GET {self._path}", self._limits.rows))
                yield from part
            if not count:
                raise _not_a_list(self._who, self._path, self._key)
            _check_count(self._who, self._path, found.rest.get("count"), count)
        except NoList:
            raise _not_a_list(self._who, self._path, self._key) from None
        except RowTooLarge:
            what = (
                f"GET {self._path} answered a row of more than {self._limits.answer_mib} MiB; look at what the server "
                "sends, or raise limits.answer_mib"
            )
            raise ServerError(self._who, what) from None
        except (RecursionError, ValueError) as error:
            what = f"GET {self._path} answered with broken JSON ({error})"
            raise ServerError(self._who, what, retryable=True, status=200) from None
        finally:
            self.close()


def is_complete(file: BinaryIO) -> bool:
    """Whether a file holds a whole answer of the form ``{"status": ..., "<key>": [rows], ...}``.

    Short ones are decoded. Of long ones only the end is looked at: after the list's last ``]`` the rest must
    close the object. An answer that was cut off anywhere within its list does not end that way.
    """
    size = file.seek(0, os.SEEK_END)
    if size >= _WHOLE:
        return bool(_tail(file))
    file.seek(0)
    try:
        content = orjson.loads(file.read())
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict)


def _tail(file: BinaryIO) -> dict[str, Any]:
    """What follows the list of a long answer, with an empty list in front; {} where the answer was cut off."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    text = file.read()
    bracket = text.rfind(b"]")
    if bracket < 0:
        return {}
    try:
        content = orjson.loads(b'{"rows":[' + text[bracket:])
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _check_count(who: str, path: str, total: Any, rows: int) -> None:
    """Raises ServerError where the server gives another number of rows than it sent; many lists have no count."""
    if isinstance(total, int) and not isinstance(total, bool) and total != rows:
        what = f"GET {path} says that it has {total} rows, and sent {rows}; {LOOK_BETWEEN}"
        raise ServerError(who, what, status=200)


def _rows(who: str, path: str, content: Any, key: str) -> list[Any]:
    rows = content.get(key) if isinstance(content, dict) else None
    if isinstance(rows, dict):
        # PHP writes a filtered list as an object with the old positions as keys.
        rows = list(rows.values())
    if not isinstance(rows, list):
        raise _not_a_list(who, path, key)
    _check_count(who, path, content.get("count"), len(rows))
    return rows


def _not_a_list(who: str, path: str, key: str) -> ServerError:
    what = f"GET {path} answered without a list '{key}'; check that `url` is a LibreNMS server's address"
    return ServerError(who, what, status=200)
