"""The client the contract tests speak to both servers with."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

Json = dict[str, Any]


class NetBox:
    """A client that remembers what it created and removes it again, and gives names nobody else uses."""

    def __init__(self, url: str, authorization: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": authorization}, timeout=120)
        self.created: list[str] = []
        self.mark = uuid.uuid4().hex[:10]
        self._count = 0

    def name(self, word: str = "x") -> str:
        self._count += 1
        return f"{word}-{self.mark}-{self._count}"

    @property
    def version(self) -> tuple[int, int]:
        """What NetBox this is, as (4, 6)."""
        major, minor = self.get("status/")["netbox-version"].split(".")[:2]
        return int(major), int(minor)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is None:
            return self.http.request(method, f"/api/{path}", headers=names)
        return self.http.request(method, f"/api/{path}", json=body, headers=names)

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def results(self, path: str) -> list[Json]:
        found: list[Json] = self.get(path)["results"]
        return found

    def new(self, path: str, body: Any) -> Any:
        """Create one object, or a list of them, and note it for removal."""
        answer = self.send("POST", f"{path}/", body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        for item in made if isinstance(made, list) else [made]:
            self.created.append(f"{path}/{item['id']}/")
        return made

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        answer = self.send("PATCH", path, body, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(self, path: str) -> None:
        answer = self.send("DELETE", path)
        assert answer.status_code == 204, answer.text

    def refused(self, method: str, path: str, body: Any, **headers: str) -> Any:
        """The body of a 400."""
        answer = self.send(method, path, body, **headers)
        assert answer.status_code == 400, f"{answer.status_code} {answer.text}"
        return answer.json()

    def graphql(self, query: str, variables: Json | None = None) -> Any:
        answer = self.http.post("/graphql/", json={"query": query, "variables": variables or {}})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def clean(self) -> None:
        """Remove what was created. Several rounds, as some objects hold others."""
        left = list(reversed(self.created))
        for _ in range(6):
            left = [p for p in left if self.send("DELETE", p).status_code not in (204, 404)]
            if not left:
                return
        raise AssertionError(f"could not remove {left}")

    # What most tests stand on

    def site(self) -> Json:
        return self.new("dcim/sites", {"name": self.name("site"), "slug": self.name("site")})

    def device(self, site: Json | None = None, **fields: Any) -> Json:
        kind, role = self._device_basis()
        place = site or self.site()
        body = {"name": self.name("dev"), "device_type": kind, "role": role, "site": place["id"], **fields}
        return self.new("dcim/devices", body)

    def _device_basis(self) -> tuple[int, int]:
        if not hasattr(self, "_basis"):
            maker = self.new("dcim/manufacturers", {"name": self.name("maker"), "slug": self.name("maker")})
            kind = self.new(
                "dcim/device-types",
                {"manufacturer": maker["id"], "model": self.name("model"), "slug": self.name("model")},
            )
            role = self.new("dcim/device-roles", {"name": self.name("role"), "slug": self.name("role")})
            self._basis = (kind["id"], role["id"])
        return self._basis

    def interface(self, device: Json, name: str = "eth0", kind: str = "1000base-t", **fields: Any) -> Json:
        return self.new("dcim/interfaces", {"device": device["id"], "name": name, "type": kind, **fields})

    def cluster(self, **fields: Any) -> Json:
        kind = self.new(
            "virtualization/cluster-types", {"name": self.name("kind"), "slug": self.name("kind")}
        )
        return self.new(
            "virtualization/clusters", {"name": self.name("cluster"), "type": kind["id"], **fields}
        )

    def vm(self, cluster: Json | None = None, **fields: Any) -> Json:
        body = {"name": self.name("vm"), "cluster": (cluster or self.cluster())["id"], **fields}
        return self.new("virtualization/virtual-machines", body)

    def vlan(self, vid: int = 10, **fields: Any) -> Json:
        return self.new("ipam/vlans", {"vid": vid, "name": self.name("vlan"), **fields})

    def mac(self, address: str, interface: Json | None = None, kind: str = "dcim.interface") -> Json:
        body: Json = {"mac_address": address}
        if interface is not None:
            body |= {"assigned_object_type": kind, "assigned_object_id": interface["id"]}
        return self.new("dcim/mac-addresses", body)

    def vrf(self, **fields: Any) -> Json:
        return self.new("ipam/vrfs", {"name": self.name("vrf"), **fields})

    def ip(
        self, address: str, interface: Json | None = None, kind: str = "dcim.interface", **fields: Any
    ) -> Json:
        """An address in a VRF of this test alone, so that it meets no duplicate."""
        if "vrf" not in fields:
            if not hasattr(self, "_vrf"):
                self._vrf = self.vrf()["id"]
            fields["vrf"] = self._vrf
        body: Json = {"address": address, **fields}
        if interface is not None:
            body |= {"assigned_object_type": kind, "assigned_object_id": interface["id"]}
        return self.new("ipam/ip-addresses", body)

    def tag(self) -> Json:
        return self.new("extras/tags", {"name": self.name("Tag"), "slug": self.name("tag")})

    def custom_field(self, kind: str, models: list[str], **fields: Any) -> str:
        name = self.name("cf").replace("-", "_")
        self.new("extras/custom-fields", {"name": name, "type": kind, "object_types": models, **fields})
        return name
