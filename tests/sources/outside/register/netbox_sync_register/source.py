"""The source: its configuration, its table, and how it is read.

The register answers ``GET /machines`` with ``{"owner": "shop", "machines": [{"name": "app1", "state": "up", "cpus": 2,
"memory": 4096}]}``; memory in MiB. Machines become virtual machines of the owner's cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from netbox_sync_dagster.columns import tables_of
from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings
from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.base import Counted, Say, Source
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.hooks import signs
from netbox_sync_dagster.storage.snapshots import Manifest, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse

KIND = "register"


class RegisterMappings(Mappings):
    """From the register's words to NetBox's."""

    roles: dict[str, str] = Field({}, description="machine -> device role.")


class RegisterEndpoint(BaseEndpoint):
    """A machine register."""

    kind: Literal["register"] = Field(description="register")
    cluster_type: str = Field("Register", description="Name or slug of the type of a new cluster.")
    mappings: RegisterMappings = Field(
        RegisterMappings(), description="From the register's words to NetBox's."
    )


class Register(Source):
    """Virtual machines of one owner."""

    kind = KIND
    title = name = "Register"
    endpoint = RegisterEndpoint
    tables = tables_of(KIND, {"owner": "name", "machines": "name state cpus:DOUBLE memory:BIGINT"})
    main_table = "owner"
    resources = frozenset({"custom_fields", "cluster_types", "clusters", "virtual_machines"})
    main_resource = "virtual_machines"
    id_fields = ("register_owner", "register_machine")
    id_field = "register_machine"
    cluster_field = "register_owner"
    cluster_word = "register"
    counted = (Counted("machines", "machines", "SELECT '*' FROM machines"),)
    wide_scopes = ("machines",)
    sql = Path(__file__).parent / "sql"

    def check(self, endpoint: RegisterEndpoint) -> list[Check]:
        """See ``Source.check``."""
        try:
            _machines(endpoint)
        except ServerError as error:
            return [Check(False, "reachable", error.what)]
        return [Check(True, "reachable", f"{endpoint.base_url} answers")]

    def snapshot(
        self,
        endpoint: RegisterEndpoint,
        warehouse: Warehouse,
        *,
        say: Say,
        accept_shrink: bool,
        only: str | None,
    ) -> Manifest:
        """See ``Source.snapshot``."""
        with write_snapshot(warehouse, KIND, endpoint.name, accept_shrink=accept_shrink) as writer:
            answer = _machines(endpoint)
            writer.source_version = "1"
            writer.rows("owner", [{"name": answer["owner"]}])
            writer.rows("machines", answer["machines"])
            say(f"{len(answer['machines'])} machines")
        return Manifest(**warehouse.manifest(warehouse.snapshots(KIND, endpoint.name)))

    def hook_is_genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """See ``Source.hook_is_genuine``: the register signs what it sends."""
        return signs(headers, "x-register-signature", body, secret, "sha256")

    def settings(self, endpoint: RegisterEndpoint, id_scope: str) -> dict[str, Any]:
        """See ``Source.settings``."""
        return {
            "id_word": "machine",
            "cluster_type": endpoint.cluster_type,
            "guest_table": "machines",
            "ids_are_names": True,
        }


def _machines(endpoint: RegisterEndpoint) -> dict[str, Any]:
    who = f"endpoint '{endpoint.name}'"
    with JsonClient(who, endpoint, base_url=endpoint.base_url, concurrency=1) as client:
        answer = client.get("/machines")
    if (
        not isinstance(answer, dict)
        or not isinstance(answer.get("machines"), list)
        or not answer.get("owner")
    ):
        raise ServerError(who, "GET /machines answered something else than an owner with machines")
    return answer


SOURCE = Register()
