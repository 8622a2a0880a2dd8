"""A Proxmox VE API server on loopback over HTTPS, answering from a `ProxmoxState` as PVE 8 and 9 do."""

import json
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from netbox_sync_lab.certs import LabCertificates, make_certificates
from netbox_sync_lab.proxmox import routes
from netbox_sync_lab.proxmox.access import (
    Access,
    Identity,
    Privileges,
    PveError,
    acl,
    reader_privileges,
)
from netbox_sync_lab.proxmox.calls import Call, Hang
from netbox_sync_lab.proxmox.state import ProxmoxState
from netbox_sync_lab.serving import LabServer, RawResponse

TOKEN_VALUE = "5f7b1c1e-2a6d-4c8e-9b3f-0a1b2c3d4e5f"
PASSWORD = "lab-password"


class LabProxmox(LabServer):
    """Proxmox VE below `url` + /api2/json, over `state`, always HTTPS.

    local_node: the node that is asked (default: the first); two servers over one state with different nodes are
    two ways into one cluster. certificates: share those of another server, else the server makes its own CA;
    ca_path is what a client has to trust. `user`, `token_name`, `token_value` and `password` may read
    everything (see `access.reader_privileges`); `add_token` makes others.
    """

    base_path = "/api2/json"

    def __init__(
        self,
        state: ProxmoxState,
        port: int = 0,
        *,
        local_node: str | None = None,
        certificates: LabCertificates | None = None,
    ) -> None:
        self._folder = None if certificates else tempfile.TemporaryDirectory(prefix="netbox-sync-lab-")
        files = certificates or make_certificates(
            Path(self._folder.name) if self._folder else None, common_name="Proxmox Virtual Environment"
        )
        super().__init__(port=port, certfile=files.certfile, keyfile=files.keyfile)
        self.state = state
        self.ca_path = str(files.ca_path)
        self.local_node = local_node or next(iter(state.nodes), "")
        self.user, self.token_name, self.token_value = "sync@pve", "netbox", TOKEN_VALUE
        self.password = PASSWORD
        self._tokens: dict[str, tuple[str, Identity]] = {}
        self._users: dict[str, tuple[str, Identity]] = {}
        self._second_factors: set[str] = set()
        self._tickets: dict[str, Identity] = {}
        everything = reader_privileges(state.major)
        self.add_token(self.user, self.token_name, self.token_value, privileges=everything)
        self.add_user(self.user, self.password, privileges=everything)

    def add_token(
        self, user: str, name: str, value: str | None = None, *, privileges: Privileges = ()
    ) -> str:
        """Take `user!name=value` (replaces a token of that name); returns the value, a new one without.

        privileges: {path: [privilege, ...]}, or a plain list that holds everywhere. The entry of the longest
        path counts, so {"/": [...], "/vms/101": []} hides guest 101.
        """
        value = value or secrets.token_hex(16)
        self._tokens[f"{user}!{name}"] = (value, Identity(user, acl(privileges)))
        return value

    def add_user(
        self, user: str, password: str, *, privileges: Privileges = (), second_factor: bool = False
    ) -> None:
        """Take this user and password at /access/ticket; with a second factor the ticket only asks for it."""
        self._users[user] = (password, Identity(user, acl(privileges)))
        (self._second_factors.add if second_factor else self._second_factors.discard)(user)

    def revoke_tickets(self) -> None:
        """Let every ticket expire."""
        self._tickets.clear()

    def stop(self) -> None:
        super().stop()
        if self._folder:
            self._folder.cleanup()

    async def handle(self, request: Request) -> Response:
        path = request.url.path
        if not path.startswith(self.base_path):
            return Response("<!DOCTYPE html><title>Proxmox VE</title>", media_type="text/html")
        path = path.removeprefix(self.base_path)
        try:
            if path == "/access/ticket" and request.method == "POST":
                return _json({"data": self._login((await request.body()).decode())})
            access = Access(self._identity(request), self.state)
            call = Call(access, self.local_node, {}, dict(request.query_params))
            data = routes.answer(request.method, path, call)
            return _json({"data": data, **call.extra})
        except Hang:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            return Response(status_code=504)
        except PveError as exc:
            body = {"data": None, "message": f"{exc.message}\n"} if self.state.major >= 8 else {"data": None}
            return RawResponse(
                exc.status, exc.message, json.dumps(body).encode(), "application/json;charset=UTF-8"
            )

    def _login(self, body: str) -> dict[str, Any]:
        form = {k: v[0] for k, v in parse_qs(body).items()}
        user, password = form.get("username", ""), form.get("password", "")
        known = self._users.get(user)
        # A valid ticket in place of the password renews the login.
        renewed = self._tickets.get(password)
        if known is None or (password != known[0] and (renewed is None or renewed.user != user)):
            raise PveError(401, "authentication failure")
        if user in self._second_factors:
            challenge = (
                f"PVE:!tfa!{secrets.token_hex(8)}:{secrets.token_hex(4).upper()}::{secrets.token_urlsafe(32)}"
            )
            return {"username": user, "ticket": challenge, "NeedTFA": 1}
        ticket = f"PVE:{user}:{secrets.token_hex(4).upper()}::{secrets.token_urlsafe(32)}"
        self._tickets[ticket] = known[1]
        return {
            "username": user,
            "ticket": ticket,
            "CSRFPreventionToken": f"{secrets.token_hex(4).upper()}:{secrets.token_urlsafe(24)}",
            "clustername": self.state.cluster,
            "cap": {},
        }

    def _identity(self, request: Request) -> Identity:
        header = request.headers.get("authorization", "")
        if header.startswith("PVEAPIToken="):
            name, _, value = header.removeprefix("PVEAPIToken=").partition("=")
            known = self._tokens.get(name)
            if known is None:
                raise PveError(
                    401, f"no such token '{name.partition('!')[2]}' for user '{name.partition('!')[0]}'"
                )
            if known[0] != value:
                raise PveError(401, "invalid token value!")
            return known[1]
        ticket = request.cookies.get("PVEAuthCookie")
        if not ticket:
            raise PveError(401, "No ticket")
        if ticket not in self._tickets:
            raise PveError(401, "permission denied - invalid PVE ticket")
        return self._tickets[ticket]


def _json(document: dict[str, Any]) -> Response:
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return Response(text, media_type="application/json;charset=UTF-8")
