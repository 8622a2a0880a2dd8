"""The table of the calls that the lab's LibreNMS knows."""

import re
from collections.abc import Callable

from netbox_sync_lab.librenms import devices, ports, resources
from netbox_sync_lab.librenms.answers import Call, Document, error, ok


def system(call: Call) -> Document:
    text = ".".join(str(n) for n in call.version)
    schema_name = (
        "2026_07_30_162514_add_device_refresh_config_permission (397)"
        if call.since(26)
        else "2023_11_04_125846_packages_increase_name_column_length (273)"
    )
    row = {
        "local_ver": text,
        "local_sha": "",
        "local_date": f"20{call.version[0]:02d}-{call.version[1]:02d}-14T12:00:13+00:00",
        "local_branch": "",
        "db_schema": schema_name,
        "php_ver": "8.2.35",
        "python_ver": "3.11.2",
        "database_ver": "MariaDB 10.11.19-MariaDB-0+deb12u1",
        "rrdtool_ver": "1.7.2",
        "netsnmp_ver": "5.9.3",
    }
    return ok("system", [row])


# First match wins. A version: the first release that has the route.
ROUTES: list[tuple[re.Pattern[str], tuple[int, ...], Callable[[Call], Document]]] = [
    (re.compile(pattern + r"/?"), since, function)
    for pattern, since, function in (
        (r"/system", (), system),
        (r"/devices", (), devices.list_devices),
        (r"/devices/(?P<host>[^/]+)", (), devices.get_device),
        (r"/devices/(?P<host>[^/]+)/ports", (), ports.list_device_ports),
        (r"/devices/(?P<host>[^/]+)/port_stack", (), ports.port_stack),
        (r"/devices/(?P<host>[^/]+)/transceivers", (), ports.transceivers),
        (r"/devices/(?P<host>[^/]+)/vlans", (), resources.list_device_vlans),
        (r"/devices/(?P<host>[^/]+)/links", (), resources.list_links),
        (r"/devices/(?P<host>[^/]+)/groups", (), devices.list_groups_of_device),
        (r"/devices/(?P<host>[^/]+)/[^/]+", (), devices.any_device_page),
        (r"/ports", (), ports.list_ports),
        (r"/ports/(?P<port_id>[^/]+)", (), ports.get_port),
        (r"/inventory/(?P<host>[^/]+)", (), ports.inventory_roots),
        (r"/inventory/(?P<host>[^/]+)/all", (), ports.inventory_all),
        (r"/resources/ip/addresses", (), resources.list_addresses),
        (r"/resources/ip/addresses/(?P<family>[^/]+)", (25, 4), resources.list_addresses_of_family),
        (r"/resources/vlans", (), resources.list_vlans),
        (r"/resources/links", (), resources.list_links),
        (r"/resources/locations", (), resources.list_locations),
        (r"/routing/vrf", (), resources.list_vrfs),
        (r"/devicegroups", (), devices.list_device_groups),
        (r"/devicegroups/(?P<name>[^/]+)", (), devices.get_device_group),
        (r"/poller_group", (), resources.poller_groups),
        (r"/poller_group/(?P<name>[^/]+)", (), resources.poller_groups),
    )
]


def answer(path: str, call: Call) -> Document:
    """The document for a path below /api/v0. Raises ApiError or EmptyAnswer."""
    for pattern, since, function in ROUTES:
        if (match := pattern.fullmatch(path)) and call.version >= since:
            call.args = {k: v for k, v in match.groupdict().items() if v is not None}
            with call.state.lock:
                return function(call)
    raise error(404, "This API route doesn't exist.")
