"""Sends the demo's seed to a NetBox over its REST API."""

from typing import Any

import httpx

from netbox_sync_lab.estate.netbox import netbox_seed
from netbox_sync_lab.estate.seed_notation import Object, Seed

_BATCH = 100


class SeedError(Exception):
    """NetBox refused an object of the seed; the text names the endpoint and NetBox's answer."""


def seed(
    url: str, token: str, *, objects: Seed | None = None, verify: Any = True, timeout: float = 120
) -> dict[str, list[int]]:
    """Send the seed (default: `netbox_seed()`) and return the ids of what was created, per endpoint, in order.

    url: NetBox's root. token: v1, or v2 (`nbt_...`). Meant for an empty NetBox: an object that exists already
    is refused by NetBox and raises SeedError, as does every other refusal.
    """
    scheme = "Bearer" if token.startswith("nbt_") else "Token"
    headers = {"Authorization": f"{scheme} {token}", "Accept": "application/json"}
    created: dict[str, list[tuple[Object, int]]] = {}
    with httpx.Client(base_url=url.rstrip("/"), headers=headers, verify=verify, timeout=timeout) as client:
        for endpoint, rows in netbox_seed() if objects is None else objects:
            for start in range(0, len(rows), _BATCH):
                batch = rows[start : start + _BATCH]
                ids = _send(client, endpoint, [_resolve(row, created) for row in batch])
                if "id" not in batch[0]:
                    created.setdefault(endpoint, []).extend(zip(batch, ids, strict=True))
    return {endpoint: [id_ for _, id_ in rows] for endpoint, rows in created.items()}


def _send(client: httpx.Client, endpoint: str, batch: list[Object]) -> list[int]:
    method = "PATCH" if "id" in batch[0] else "POST"
    answer = client.request(method, f"/api/{endpoint}/", json=batch)
    if answer.is_error:
        raise SeedError(f"{method} /api/{endpoint}/ answered {answer.status_code}: {answer.text[:2000]}")
    return [row["id"] for row in answer.json()]


def _resolve(value: Any, created: dict[str, list[tuple[Object, int]]]) -> Any:
    if isinstance(value, list):
        return [_resolve(v, created) for v in value]
    if not isinstance(value, dict):
        return value
    if "$ref" not in value:
        return {k: _resolve(v, created) for k, v in value.items()}
    wanted = {k: v for k, v in value.items() if k != "$ref"}
    matches = [
        id_ for row, id_ in created.get(value["$ref"], []) if all(row.get(k) == v for k, v in wanted.items())
    ]
    if len(matches) != 1:
        raise SeedError(
            f"The seed has {len(matches)} objects of {value['$ref']} with {wanted}; one is needed"
        )
    return matches[0]
