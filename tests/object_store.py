"""An S3 server on loopback with one bucket, and the environment that leads to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from moto.server import ThreadedMotoServer

BUCKET_URL = "s3://warehouse/sync"


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Environment variables of a client, as a person sets them for AWS."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        httpx.post(f"{url}/moto-api/reset").raise_for_status()
        httpx.put(f"{url}/warehouse").raise_for_status()
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t-s3cr3t",
            "AWS_REGION": "us-east-1",
        }
    finally:
        server.stop()
