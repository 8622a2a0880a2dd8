"""One guest: its row, configuration, interfaces, disks, addresses and snapshots."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.lengths import MOST_INTERFACES, short_list, short_text
from netbox_sync_dagster.sources.proxmox.agent import (
    Seen,
    agent_enabled,
    configured,
    has_passed_through,
    join,
    passed_through,
    qemu_interfaces,
)
from netbox_sync_dagster.sources.proxmox.client import EndpointDown, node_unreachable
from netbox_sync_dagster.sources.proxmox.disks import disk_lines, disk_row
from netbox_sync_dagster.sources.proxmox.nics import gateways, nic_lines, nic_row
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.storage import snapshot_row
from netbox_sync_dagster.sources.proxmox.unchanged import (
    AGENT,
    BOOTING_SECONDS,
    SNAPSHOTS,
    Showing,
    agents_kept_for,
    proof_of_snapshots,
)
from netbox_sync_dagster.sources.proxmox.values import boolean, clean_tags, integer, number, text
from netbox_sync_dagster.sources.reading import MALFORMED, explain
from netbox_sync_dagster.storage.parquet import Row

# Passwords, keys and the environment of application containers never leave the server.
SECRET_KEYS = {"cipassword", "sshkeys", "password", "ssh-public-keys", "env", "lxc.environment"}
# The digest is a checksum of the file, no line of it.
_NO_LINE = SECRET_KEYS | {"digest"}
# What the QEMU monitor adds to "running". Other states (io-error, save-vm, ...) still run.
_QMP_STATES = {"paused", "suspended", "prelaunch"}
# Locks of guests whose configuration is not complete yet, or no longer: while Proxmox creates, clones or restores a guest, or
# removes it, interfaces, disks and often the name are missing.
_UNFINISHED = {
    "create": "is being created or restored",
    "clone": "is being cloned",
    "destroyed": "is being removed",
}
# Proxmox shows nameless guests as "VM 100" and "CT100".
_PLACEHOLDER = re.compile(r"^(VM|CT) ?\d+$")


@dataclass
class Guest:
    """A guest as ``/cluster/resources`` lists it; ``status`` refined by the QEMU monitor's, None = unknown."""

    vmid: int
    type: str
    node: str
    status: str | None
    item: dict[str, Any]

    @property
    def path(self) -> str:
        """The guest's API path."""
        return f"nodes/{self.node}/{self.type}/{self.vmid}"


def guest_of(item: dict[str, Any]) -> Guest:
    """The guest in a row of ``/cluster/resources``. Raises ValueError or KeyError for a malformed one."""
    vmid = integer(item.get("vmid"), "vmid")
    if vmid is None:
        vmid = integer(str(item["id"]).rpartition("/")[2], "id")
    if vmid is None or vmid <= 0:
        raise ValueError("the guest has no vmid")
    status = text(item.get("status"))
    return Guest(vmid, str(item["type"]), str(item["node"]), None if status == "unknown" else status, item)


def refine_status(guest: Guest, qmpstatus: Any) -> None:
    """Take the QEMU monitor's state (``/nodes/{node}/qemu?full=1``): a running guest may be paused."""
    if guest.status == "running" and qmpstatus in _QMP_STATES:
        guest.status = str(qmpstatus)


def read_guest(reading: Reading, guest: Guest, *, last_look: bool = False) -> bool:
    """Read one guest and write its rows. False where its configuration is no longer on that node: it was
    deleted or migrated meanwhile and nothing was written, unless this is the ``last_look``.
    """
    reason = reading.down.get(guest.node)
    if reason is None:
        try:
            config = reading.client.get(f"{guest.path}/config", current=1)
            if not isinstance(config, dict):
                raise ServerError(reading.client.who, f"GET /{guest.path}/config is not an object")
        except EndpointDown:
            raise
        except ServerError as error:
            if "does not exist" in error.what and not last_look:
                return False
            if node_unreachable(error):
                reason = reading.down.setdefault(guest.node, f"node {guest.node}: {error.what}")
            else:
                _without_config(reading, guest, error.what, offline=False)
                return True
    if reason is not None:
        _without_config(reading, guest, reason, offline=True)
        return True
    if (lock := str(config.get("lock") or "")) in _UNFINISHED:
        _unfinished(reading, guest, lock)
        return True
    try:
        _with_config(reading, guest, config)
    except MALFORMED as error:
        reading.reject("guests", guest.vmid, explain(error), guest.item, scope="guest", scope_id=guest.vmid)
    return True


def _without_config(reading: Reading, guest: Guest, reason: str, *, offline: bool) -> None:
    vmid = guest.vmid
    reading.incomplete("guest", vmid, reason)
    reading.unknown("guest_addresses", vmid, reason)
    reading.unknown("guest_snapshots", vmid, reason)
    reading.add(
        "guests",
        [guest.item],
        lambda _: _guest_row(guest, None, offline),
        key="vmid",
        scope="guest",
        scope_id=vmid,
    )


def _unfinished(reading: Reading, guest: Guest, lock: str) -> None:
    """Write that the guest is there, and nothing of what its unfinished configuration says."""
    reason = f"the guest {_UNFINISHED[lock]} (lock: {lock}), so its configuration is not complete"
    for scope in ("guest", "guest_addresses", "guest_snapshots"):
        reading.unknown(scope, guest.vmid, reason)
    reading.add(
        "guests",
        [guest.item],
        lambda _: _guest_row(guest, None, offline=True) | {"lock": lock},
        key="vmid",
        scope="guest",
        scope_id=guest.vmid,
    )


def _with_config(reading: Reading, guest: Guest, config: dict[str, Any]) -> None:
    vmid = guest.vmid
    lines = [
        {"vmid": vmid, "key": short_text(key), "value": short_text(_line(value), key)}
        for key, value in config.items()
        if key not in _NO_LINE and value is not None
    ]
    reading.writer.rows("guest_config", lines)
    row = _guest_row(guest, config, offline=False)
    nics = _lines(
        reading,
        guest,
        "guest_interfaces",
        [(key, value, position) for position, key, value in nic_lines(config)],
        lambda key, value, position: {
            **nic_row(vmid, guest.type, position, key, value),
            **({} if guest.type == "lxc" else gateways(config.get(f"ipconfig{position}"))),
        },
    )
    _lines(
        reading,
        guest,
        "disks",
        [(key, value, 0) for key, value in disk_lines(guest.type, config)],
        lambda key, value, _: disk_row(vmid, guest.type, key, value),
    )
    _shown(reading, guest, config, nics, row)
    reading.writer.rows("guests", [row])
    _snapshots(reading, guest, proof_of_snapshots(config))


def _shown(reading: Reading, guest: Guest, config: dict[str, Any], nics: list[Row], row: Row) -> None:
    """Write what the guest shows of its addresses, or keep what it showed; its host name goes into ``row``."""
    vmid = guest.vmid
    showing = None
    if guest.status == "running" and reading.endpoint.agent_minutes:
        uptime = integer(guest.item.get("uptime"), "uptime")
        showing = Showing.of(
            reading.endpoint, guest.node, config, uptime, reading.node_uptimes.get(guest.node)
        )
    proof = None if showing is None else showing.proof(reading.kept, vmid)
    if reading.kept.holds(AGENT, vmid, proof, agents_kept_for(reading.endpoint)):
        if row["hostname"] is None:
            row["hostname"] = reading.host_names.get(vmid)
        return
    seen, whole = _addresses(reading, guest, config, nics)
    reading.writer.rows("guest_agent_interfaces", seen.interfaces)
    reading.writer.rows("guest_addresses", seen.addresses)
    for entry, fault in seen.bad:
        reading.writer.reject("guest_addresses", vmid, fault, entry)
        reading.unknown("guest_addresses", vmid, f"an address cannot be read: {fault}")
    if seen.interfaces and guest.type == "qemu" and row["hostname"] is None:
        row["hostname"] = _agent_host_name(reading, guest)
    if whole and not seen.bad:
        reading.kept.asked(AGENT, vmid, proof)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _lines(reading: Reading, guest: Guest, table: str, lines: list[Any], build: Any) -> list[Row]:
    """The rows of configuration lines; a line that cannot be read costs only itself."""
    rows: list[Row] = []
    for key, value, position in lines:
        try:
            rows.append(build(key, value, position))
        except MALFORMED as error:
            reading.reject(
                table, f"{guest.vmid} {key}", explain(error), {key: value}, scope="guest", scope_id=guest.vmid
            )
    reading.writer.rows(table, rows)
    return rows


def _guest_row(guest: Guest, config: dict[str, Any] | None, offline: bool) -> Row:
    """One row of ``proxmox.guests``. On an offline node only what cannot change there is given: the rest is
    a memory of the cluster's, not a fact."""
    item = guest.item
    row: Row = {
        "vmid": guest.vmid,
        "type": guest.type,
        "node": guest.node,
        "name_given": _name(guest, config),
        "pool": text(item.get("pool")) or None,
        "template": boolean(item.get("template"), None if offline else False),
        "config_read": config is not None,
    }
    if offline:
        return row
    row |= {
        "status": guest.status,
        "maxcpu": number(item.get("maxcpu"), "maxcpu"),
        "maxmem": integer(item.get("maxmem"), "maxmem"),
        "maxdisk": integer(item.get("maxdisk"), "maxdisk"),
        "uptime": integer(item.get("uptime"), "uptime"),
        "lock": text(item.get("lock")) or None,
    }
    if config is None:
        return row
    return row | {
        "lock": text(config.get("lock")) or row["lock"],
        "template": bool(row["template"] or boolean(config.get("template"), False)),
        "ostype": text(config.get("ostype")),
        "onboot": boolean(config.get("onboot"), False),
        "description": text(config.get("description")) or "",
        "tags": clean_tags(config.get("tags") if "tags" in config else item.get("tags")),
        "agent_enabled": agent_enabled(config) if guest.type == "qemu" else None,
        "hostname": text(config.get("hostname")) if guest.type == "lxc" else None,
    }


def _name(guest: Guest, config: dict[str, Any] | None) -> str | None:
    """The guest's own name; "" where it has none, None where that is unknown."""
    if config and (named := config.get("name" if guest.type == "qemu" else "hostname")):
        return str(named)
    listed = text(guest.item.get("name"))
    if listed and not _PLACEHOLDER.match(listed):
        return listed
    return "" if config is not None else None


def _addresses(reading: Reading, guest: Guest, config: dict[str, Any], nics: list[Row]) -> tuple[Seen, bool]:
    """The guest's addresses, and whether it shows all of them; the scope ``guest_addresses`` says why not.

    - The agent or the container answered: exactly what it shows, nothing from the configuration. The scope
      stays complete, so an address that is gone may be removed.
    - QEMU with the agent on, but silent, failing or not running: no addresses and the scope unknown. What
      cloud-init would set is not offered instead: it may differ from what the agent said an hour ago.
    - QEMU with the agent off: cloud-init's fixed addresses, marked as such. Nobody can see the others, so the
      scope is unknown and nothing is removed.
    - A container that is stopped or does not answer: its static addresses; the scope is unknown.
    - A guest that has just started and shows no address yet is as good as silent.
    """
    passes_through = guest.type == "qemu" and has_passed_through(config)
    if not (nics or passes_through) or boolean(config.get("template") or guest.item.get("template"), False):
        return Seen(), False
    vmid = guest.vmid
    seen: Seen | None = None
    reason = ""
    if guest.type == "qemu" and not agent_enabled(config):
        reason = "the guest agent is off in the guest's options, so its addresses cannot be seen"
    elif guest.status != "running":
        reason = f"the guest is {guest.status or 'in an unknown state'}, so its addresses cannot be seen"
    else:
        try:
            seen = _ask(reading, guest, nics, passes_through)
        except EndpointDown:
            raise
        except ServerError as error:
            reason = error.what
            if error.status == 403 and guest.type == "qemu":
                reading.agents_refused = reason
        except MALFORMED as error:
            reason = f"the guest's answer cannot be used: {explain(error)}"
        if seen is not None and not seen.addresses and not seen.bad:
            uptime = integer(guest.item.get("uptime"), "uptime")
            if uptime is not None and uptime < BOOTING_SECONDS:
                reason = f"the guest started {uptime} seconds ago and shows no address yet"
    found = configured(vmid, guest.type, nics, config)
    if not reason:
        hidden = _note_hidden(reading, vmid, nics, seen)
        return _with_configured(seen or Seen(), found), not hidden
    reading.unknown("guest_addresses", vmid, reason)
    if guest.type == "qemu" and agent_enabled(config):
        return Seen(interfaces=seen.interfaces if seen else []), False
    found.interfaces = seen.interfaces if seen else []
    return found, False


def _with_configured(seen: Seen, found: Seen) -> Seen:
    """What the guest shows, with a mark on the addresses that its configuration names (``found``)."""
    named = {(row["key"], row["canonical"]) for row in found.addresses}
    for row in seen.addresses:
        row["configured"] = (row["key"], row["canonical"]) in named
    return seen


def _note_hidden(reading: Reading, vmid: int, nics: list[Row], seen: Seen | None) -> list[str]:
    """Record the netN that are up and that no interface of the guest belongs to: what the guest shows is right, and of
    the addresses on the others nothing is known. Returns these netN."""
    shown = {row["key"] for row in seen.interfaces} if seen else set()
    hidden = [str(n["key"]) for n in nics if n["mac"] and not n["link_down"] and n["key"] not in shown]
    if hidden:
        reading.unknown("guest_addresses", vmid, f"the guest shows no interface for {', '.join(hidden)}")
    return hidden


def _ask(reading: Reading, guest: Guest, nics: list[Row], passes_through: bool) -> Seen:
    if guest.type == "qemu":
        answer = reading.client.get(f"{guest.path}/agent/network-get-interfaces", agent=True)
        interfaces, source = qemu_interfaces(answer), "agent"
    else:
        answer = reading.client.get(f"{guest.path}/interfaces", agent=True)
        interfaces = [item for item in answer or [] if isinstance(item, dict)]
        source = "lxc"
    if not interfaces:
        raise ValueError("it shows no interface at all")
    short_list(interfaces, "the list of its interfaces", MOST_INTERFACES)
    seen = join(guest.vmid, nics, interfaces, source, reading.endpoint.policies.link_local_ipv4)
    if passes_through:
        seen.interfaces += passed_through(guest.vmid, nics, interfaces)
    short_list(seen.addresses + seen.bad, "the list of its addresses", MOST_INTERFACES)
    for row in (*seen.interfaces, *seen.addresses):
        for name, value in row.items():
            if isinstance(value, str):
                short_text(value, name)
    return seen


def _agent_host_name(reading: Reading, guest: Guest) -> str | None:
    """The guest's own host name; asked only where DNS names are owned, for it costs a call per guest."""
    if "ip_addresses.dns_name" not in reading.endpoint.policies.owns:
        return None
    try:
        answer = reading.client.get(f"{guest.path}/agent/get-host-name", agent=True)
        return text(answer["result"]["host-name"]) or None
    except EndpointDown:
        raise
    except (ServerError, *MALFORMED):
        return None


def _snapshots(reading: Reading, guest: Guest, proof: str | None) -> None:
    path, vmid = f"{guest.path}/snapshot", guest.vmid
    if reading.kept.holds(SNAPSHOTS, vmid, proof):
        return
    answer = reading.fetch(path, "guest_snapshots", vmid)
    items = reading.items(answer, path, "guest_snapshots", vmid)
    rows = reading.add(
        SNAPSHOTS,
        items,
        lambda item: snapshot_row(vmid, item),
        key="name",
        scope="guest_snapshots",
        scope_id=vmid,
    )
    # The list also has an entry for the present state, which is not a snapshot.
    if isinstance(answer, list) and len(rows) == len(answer) - 1:
        reading.kept.asked(SNAPSHOTS, vmid, proof)
