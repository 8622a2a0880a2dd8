"""The body of an answer, piece by piece: unpacked, and without our credentials where a server sends them back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from netbox_sync_dagster.config.secrets import MASK, redact

_PIECE = 1 << 20
# zlib finds out itself whether gzip's or its own header comes.
_EITHER_HEADER = 47


class Plain:
    """A body that is not packed."""

    def feed(self, part: bytes) -> Iterator[bytes]:
        yield part

    def end(self) -> None:
        """Nothing is left."""


class Packed:
    """gzip or deflate, at most one MiB at a time, whatever it unpacks to. Raises httpx.DecodingError."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_EITHER_HEADER)

    def feed(self, part: bytes) -> Iterator[bytes]:
        if self._inflate.eof:
            raise httpx.DecodingError("there is more after the end of the packed answer")
        while True:
            try:
                piece = self._inflate.decompress(part, _PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(f"the packed answer is broken ({error})") from None
            if piece:
                yield piece
            part = self._inflate.unconsumed_tail
            if len(piece) < _PIECE and not part:
                return

    def end(self) -> None:
        if not self._inflate.eof:
            raise httpx.RemoteProtocolError("the packed answer was cut off")


Body = Plain | Packed


def unpacker(encoding: str) -> Body:
    """For this ``Content-Encoding``. Raises httpx.DecodingError for one that was not asked for."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return Plain()
    if name in ("gzip", "x-gzip", "deflate"):
        return Packed()
    raise httpx.DecodingError(f"the answer is packed as '{name[:40]}', which was not asked for")


class Mask:
    """Replaces credentials in a stream of bytes, also where one arrives in two pieces."""

    def __init__(self, forms: tuple[bytes, ...]) -> None:
        self._forms = forms
        self._keep = max(map(len, forms), default=1) - 1
        self._rest = b""
        self.hit = False

    def feed(self, piece: bytes) -> bytes:
        if not self._forms:
            return piece
        text = self._clean(self._rest + piece)
        cut = max(0, len(text) - self._keep)
        self._rest = text[cut:]
        return text[:cut]

    def end(self) -> bytes:
        """What is left."""
        rest, self._rest = self._rest, b""
        return rest

    def _clean(self, text: bytes) -> bytes:
        for form in self._forms:
            if form in text:
                self.hit = True
                text = text.replace(form, MASK.encode())
        return text


def masked_header(value: bytes) -> bytes:
    """A header's value without our credentials."""
    return redact(value.decode("latin-1")).encode("latin-1", "replace")
