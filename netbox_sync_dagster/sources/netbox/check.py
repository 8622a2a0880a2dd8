"""What ``netbox-sync check`` tries on NetBox. Nothing is written: writes go to id 0, which no object has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.netbox.branch import Branches
from netbox_sync_dagster.sources.netbox.check_names import Named, check_names
from netbox_sync_dagster.sources.netbox.client import GRAPHQL_SINCE, WHO, GraphQLFailure, NetBox
from netbox_sync_dagster.sources.netbox.dependents import dependents_of
from netbox_sync_dagster.sources.netbox.dependents_reading import deleted_types
from netbox_sync_dagster.sources.netbox.listings import SOURCES, sources_of
from netbox_sync_dagster.sources.netbox.queries import Source
from netbox_sync_dagster.sources.netbox.rights import read_rights
from netbox_sync_dagster.sources.reading import understood

# Tables whose objects a sync may create, change or delete, by policy and approval.
WRITTEN = {
    *("manufacturers", "device_types", "device_roles", "platforms", "sites", "tags", "custom_fields"),
    *("cluster_types", "clusters", "virtual_chassis", "devices", "virtual_machines", "interfaces"),
    *("module_types", "module_bays", "modules"),
    *("vm_interfaces", "mac_addresses", "vlans", "prefixes", "ip_addresses", "virtual_disks", "cables"),
    "contact_assignments",
}
# What a sync stores its own ids in.
CUSTOM_FIELDS = ("librenms_id", "proxmox_cluster", "proxmox_vmid")
_JOURNAL = Source("journal_entries", "extras.journalentry", "extras/journal-entries", None)
# NetBox tells its settings to no client.
_UNITS = Check(
    True,
    "units",
    "memory and disks are written in MiB. NetBox's pages show 32 GiB as 32.77 GB unless its configuration.py has"
    " RAM_BASE_UNIT = 1024 and DISK_BASE_UNIT = 1024; the API does not tell which, so look at a virtual machine there",
)


def check_netbox(
    target: NetBoxTarget,
    custom_fields: Collection[str] = CUSTOM_FIELDS,
    deletes: Collection[str] = (),
    names: Collection[Named] = (),
    *,
    contacts: bool = False,
    sizes: bool = False,
) -> list[Check]:
    """Try reachability, TLS, token, version, GraphQL, every permission, custom fields; stops where no more can work.

    Per type: view by ``GET ?limit=1``, add by what ``OPTIONS`` offers, change and delete by ``PATCH`` and
    ``DELETE`` of the id 0: 404 where it is allowed, 403 where not. About 100 requests. A token that is not
    write-enabled shows as missing add, change and delete. ``deletes``: the resources whose objects a policy allows
    to delete; their possible dependents must be readable. ``names``: the objects that the configuration names; they must
    be there. ``contacts``: rules set contacts. ``sizes``: memory and disks of virtual machines are written.
    """
    try:
        netbox = NetBox(target)
    except MissingSecret as error:
        return [Check(False, "token", str(error))]
    except ServerError as error:
        return [Check(False, "tls", str(error))]
    with netbox:
        try:
            netbox.open()
        except ServerError as error:
            return _no_answer(target, netbox, error)
        return [
            *_connection(target),
            Check(True, "token", f"the token in {target.token_env} is taken"),
            Check(True, "version", f"NetBox {netbox.version_text}"),
            *_try(lambda: [_graphql(netbox)], "graphql"),
            *_try(lambda: _sight(netbox, contacts=contacts), "rights: all objects"),
            *(
                check
                for name in sources_of(netbox.version, contacts=contacts)
                for check in _try(partial(_rights, netbox, name), f"rights: {name}")
            ),
            *(_try(lambda: [_dependents(netbox, deletes)], "rights: deletes") if deletes else []),
            *(_try(lambda: [_writing(netbox, _JOURNAL, ("add",))], "rights") if target.journal else []),
            *(_try(lambda: [_branch(netbox)], "branch") if target.branch is not None else []),
            *_try(lambda: [_changelog(netbox)], "rights: changelog"),
            *([_UNITS] if sizes else []),
            *_try(lambda: list(_custom_fields(netbox, custom_fields)), "custom fields"),
            *_try(lambda: list(check_names(netbox, names)), "names"),
        ]


def connects(target: NetBoxTarget) -> str:
    """NetBox's version, by one request. Raises ServerError or MissingSecret."""
    with NetBox(target) as netbox:
        netbox.http.attempts = 1
        netbox.open()
        return f"NetBox {netbox.version_text} accepts the token"


def _no_answer(target: NetBoxTarget, netbox: NetBox, error: ServerError) -> list[Check]:
    if error.what.startswith("TLS"):
        return [
            Check(True, "reachable", f"something answers at {target.base_url}"),
            Check(False, "tls", str(error)),
        ]
    if error.status in (401, 403):
        return [*_connection(target), Check(False, "token", str(error))]
    if netbox.version:
        return [*_connection(target), Check(True, "token", "taken"), Check(False, "version", str(error))]
    return [Check(False, "reachable", str(error))]


def _connection(target: NetBoxTarget) -> list[Check]:
    if target.url.scheme != "https":
        tls = "not used: the token travels in clear text; give the url with https:// where the server has it"
    elif target.tls.verify:
        tls = "the server's certificate is valid"
    else:
        tls = "the server's certificate is not checked (tls.verify is false)"
    return [Check(True, "reachable", f"{target.base_url} answers"), Check(True, "tls", tls)]


def _try(part: Callable[[], list[Check]], name: str) -> list[Check]:
    """A part of the checks; where the server fails in its midst, that is the result."""
    try:
        with understood(WHO):
            return part()
    except ServerError as error:
        return [Check(False, name, str(error))]


def _graphql(netbox: NetBox) -> Check:
    if netbox.version < GRAPHQL_SINCE:
        text = "not used before NetBox 4.5.2, which cannot page it safely; everything is read by REST"
        return Check(True, "graphql", text)
    try:
        netbox.graphql("{ site_list(pagination: {start: 1, limit: 1}) { id } }", "site_list")
    except GraphQLFailure as failure:
        return Check(True, "graphql", f"off ({failure}); everything is read by REST, which is slower")
    rights = read_rights(netbox)
    by_rest = [
        name
        for name, source in sources_of(netbox.version).items()
        if source.listing and not rights.sees_all(source.shows(netbox.version))
    ]
    if not by_rest:
        return Check(True, "graphql", "on, and used")
    return Check(
        True,
        "graphql",
        f"on, but not used for {', '.join(by_rest)}: it hides what a token may not view, and that this token"
        " views everything they refer to cannot be seen; reading by REST is slower. A superuser's token, or"
        " users.view_objectpermission with permissions without constraints, shows it",
    )


def _sight(netbox: NetBox, *, contacts: bool) -> list[Check]:
    """Whether the token sees all objects of every type that is read, or which it does not."""
    name = "rights: all objects"
    rights = read_rights(netbox)
    models = {source.model: table for table, source in sources_of(netbox.version, contacts=contacts).items()}
    hidden = [(table, why) for model, table in models.items() if (why := rights.hidden(model))]
    if hidden:
        return [Check(False, f"rights: all {table}", why) for table, why in hidden]
    if rights.everything or all(rights.sees_all([model]) for model in models):
        return [Check(True, name, "the token sees every object of all types that are read")]
    return [
        Check(
            True,
            name,
            "cannot be proven: NetBox does not tell this token's permissions. Objects that constraints hide are noticed"
            " only where others refer to them or NetBox counts them (devices, interfaces, VLANs in groups, virtual"
            " machines and their interfaces and disks); addresses and MAC addresses that nothing refers to are not."
            " A superuser's token, or users.view_objectpermission, proves it",
        )
    ]


def _branch(netbox: NetBox) -> Check:
    branches = Branches(netbox.http, netbox.target)
    branches.prove()
    branch = branches.current()
    if branch is None:
        return Check(True, "branch", f"none is open; the next apply makes '{netbox.target.branch}'")
    return Check(True, "branch", str(branches.state(branch)))


def _rights(netbox: NetBox, table: str) -> list[Check]:
    source = SOURCES[table]
    actions = ("view", "add", "change", "delete") if table in WRITTEN else ("view",)
    return [_writing(netbox, source, actions)]


def _writing(netbox: NetBox, source: Source, actions: tuple[str, ...]) -> Check:
    app, _, model = source.model.partition(".")
    missing = [f"{app}.{action}_{model}" for action in actions if not _may(netbox, source, action)]
    name = f"rights: {source.table}"
    if not missing:
        return Check(True, name, ", ".join(actions))
    if f"{app}.view_{model}" in missing:
        effect = "the snapshot is incomplete without this table"
    else:
        effect = "such changes will fail when they are applied"
    read_only = actions != ("view",) and len(missing) == len(actions) - 1
    return Check(
        False,
        name,
        f"missing {', '.join(missing)}{' (or the token is not write-enabled)' if read_only else ''}: {effect};"
        " give the token's user these permissions",
    )


def _dependents(netbox: NetBox, deletes: Collection[str]) -> Check:
    """Whether all possible dependents of objects that a sync may delete can be read."""
    ways = {
        way.related: way
        for parent in deleted_types(deletes)
        for way in dependents_of(parent, netbox.version, proxbox=False)
        if way.blocks
    }
    missing = {
        way.permission
        for path, way in ways.items()
        if netbox.http.send(
            "GET", f"/api/{path}/", params={"limit": 1, "fields": "id"}, ok=(200, 403, 404)
        ).status_code
        == 403
    }
    if not missing:
        return Check(
            True, "rights: deletes", "all possible dependents of the resources in policies.delete can be read"
        )
    return Check(
        False,
        "rights: deletes",
        f"missing {', '.join(sorted(missing))}: the dependents of {', '.join(sorted(deletes))} are not known,"
        " so their deletes are blocked; give the token's user these permissions",
    )


def _changelog(netbox: NetBox) -> Check:
    response = netbox.http.send("GET", "/api/core/object-changes/", params={"limit": 1}, ok=(200, 403))
    if response.status_code == 200:
        return Check(True, "rights: changelog", "the changelog can be read")
    return Check(
        True,
        "rights: changelog",
        "optional: without core.view_objectchange a write whose answer was lost may stay uncertain, and undo does not see"
        " later changes of others in NetBox's changelog",
    )


def _may(netbox: NetBox, source: Source, action: str) -> bool:
    path = f"/api/{source.path}/"
    ok = (200, 403)
    if action == "view":
        response = netbox.http.send("GET", path, params={"limit": 1, "fields": "id"}, ok=ok)
        return response.status_code == 200
    if action == "add":
        response = netbox.http.send("OPTIONS", path, ok=ok)
        return response.status_code == 200 and "POST" in (response.json().get("actions") or {})
    # No object has the id 0; a list endpoint is never sent a write.
    method = "PATCH" if action == "change" else "DELETE"
    return netbox.http.send(method, f"{path}0/", ok=(403, 404), json={}).status_code == 404


def _custom_fields(netbox: NetBox, wanted: Collection[str]) -> Iterator[Check]:
    from netbox_sync_dagster.sources.netbox.api import listed

    present = {row["name"] for row in listed(netbox.http, netbox.api.extras.custom_fields, fields="id,name")}
    for name in wanted:
        text = "is there" if name in present else "is not there yet; the first diff proposes to create it"
        yield Check(True, f"custom field: {name}", f"{name} {text}")
