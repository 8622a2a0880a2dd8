"""An object store (S3 and compatible ones, GCS, Azure): whole objects and conditional puts.

obstore reads the store's usual environment: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``,
``AWS_ENDPOINT_URL``, ``AWS_ALLOW_HTTP`` and so on. No secret is kept here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from netbox_sync_dagster.config.secrets import redact, remember
from netbox_sync_dagster.storage.errors import WarehouseError

_PARALLEL = 16
# Where stores take their credentials from.
_SECRETS = (
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"),
    *(
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_SAS_KEY",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
    ),
)
_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True)
class Found:
    """One object: its key below the store's prefix, its size in bytes, its version and when it was written."""

    key: str
    size: int
    etag: str | None
    written: datetime


class ObjectStore:
    """The objects below one URL. Thread-safe. Every method raises WarehouseError if the store does not answer."""

    def __init__(self, url: str) -> None:
        try:
            import obstore
            from obstore.store import from_url
        except ImportError:
            raise WarehouseError(
                f"the warehouse {url} needs the package obstore; run: pip install 'netbox-sync-dagster[objectstore]'"
            ) from None
        self.url = url
        remember(*(os.environ.get(name, "") for name in _SECRETS))
        self._obstore: Any = obstore
        # Options given here override the environment.
        plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1", "yes")
        with _Named(self.url):
            self._store: Any = from_url(url, client_options={"timeout": _TIMEOUT, "allow_http": plain})

    def get(self, key: str) -> tuple[bytes, Found] | None:
        """An object's bytes and metadata; None if it does not exist."""
        with _Named(self.url):
            try:
                answer = self._obstore.get(self._store, key)
                return bytes(answer.bytes()), _found(answer.meta)
            except FileNotFoundError:
                return None

    def head(self, key: str) -> Found | None:
        """An object's metadata; None if it does not exist."""
        with _Named(self.url):
            try:
                return _found(self._obstore.head(self._store, key))
            except FileNotFoundError:
                return None

    def put(self, key: str, content: bytes | Path) -> None:
        """Write an object, replacing any other."""
        with _Named(self.url):
            self._obstore.put(self._store, key, content)

    def create(self, key: str, content: bytes) -> str | None:
        """Create an object; returns its version, or None if there is one already.

        An answer may be lost and the put sent again: an existing object with the same bytes is ours.
        """
        with _Named(self.url):
            try:
                return str(self._obstore.put(self._store, key, content, mode="create")["e_tag"])
            except self._obstore.exceptions.AlreadyExistsError:
                return self._ours(key, content)

    def replace(self, key: str, content: bytes, etag: str | None) -> str | None:
        """Replace this version of an object; returns the new version, or None if another process wrote it meanwhile."""
        with _Named(self.url):
            try:
                return str(self._obstore.put(self._store, key, content, mode={"e_tag": etag})["e_tag"])
            except (self._obstore.exceptions.PreconditionError, FileNotFoundError):
                return self._ours(key, content)

    def _ours(self, key: str, content: bytes) -> str | None:
        there = self.get(key)
        return there[1].etag if there is not None and there[0] == content else None

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are not an error."""
        wanted = list(keys)
        if wanted:
            with _Named(self.url):
                self._obstore.delete(self._store, wanted)

    def below(self, prefix: str) -> list[Found]:
        """All objects below ``prefix`` (a folder), by key."""
        with _Named(self.url):
            pages = self._obstore.list(self._store, f"{prefix}/")
            return sorted((_found(item) for page in pages for item in page), key=lambda item: item.key)

    def folders(self, prefix: str) -> list[str]:
        """The names of the folders directly below ``prefix``."""
        with _Named(self.url):
            answer = self._obstore.list_with_delimiter(self._store, f"{prefix}/")
            return sorted(str(item).rstrip("/").rpartition("/")[2] for item in answer["common_prefixes"])

    def upload(self, files: Iterable[tuple[Path, str]]) -> None:
        """Write many files, several at once."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            list(pool.map(lambda pair: self.put(pair[1], pair[0]), files))

    def download(self, files: Iterable[tuple[str, Path]]) -> bool:
        """Read many objects into files, several at once; False if one of them does not exist."""

        def one(pair: tuple[str, Path]) -> bool:
            key, path = pair
            path.parent.mkdir(parents=True, exist_ok=True)
            with _Named(self.url):
                try:
                    answer = self._obstore.get(self._store, key)
                    with path.open("wb") as file:
                        for piece in answer.stream():
                            file.write(piece)
                except FileNotFoundError:
                    return False
            return True

        with ThreadPoolExecutor(_PARALLEL) as pool:
            return all(list(pool.map(one, files)))


class _Named:
    """Turns the store's errors into one sentence that names the store and contains no secret."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, WarehouseError):
            return
        from obstore.exceptions import BaseError

        if isinstance(error, (BaseError, ValueError, FileNotFoundError)):
            place = urlsplit(self._url)
            # The remaining lines are a dump of structures.
            reason = redact(str(error)).strip().partition("\n")[0][:300]
            raise WarehouseError(
                f"the warehouse {place.scheme}://{place.netloc}{place.path} cannot be used: {reason}; check its "
                "address, its credentials and the network"
            ) from None


def _found(meta: Any) -> Found:
    return Found(str(meta["path"]), int(meta["size"]), meta["e_tag"], meta["last_modified"])
