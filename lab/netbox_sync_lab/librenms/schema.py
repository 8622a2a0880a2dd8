"""Columns of LibreNMS's tables as its API shows them, in its order, with the values a new row gets."""

from typing import Any

Row = dict[str, Any]

# Never to be seen outside LibreNMS; the API hands them out with every device.
SNMP_COMMUNITY = "lab-snmp-community"

# A time column with this value is answered as "a few minutes ago": an estate stays freshly polled.
NOW = "now"
# The time of a device's last discovery: another one whenever what only a discovery writes is different.
DISCOVERED = "discovered"

DEVICE: Row = {
    "device_id": None,
    "inserted": "2026-01-05 08:00:00",
    "hostname": "",
    "sysName": None,
    "display": None,
    "display_template": None,
    "ip": None,
    "overwrite_ip": None,
    "community": SNMP_COMMUNITY,
    "authlevel": None,
    "authname": None,
    "authpass": None,
    "authalgo": None,
    "cryptopass": None,
    "cryptoalgo": None,
    "snmpver": "v2c",
    "port": 161,
    "transport": "udp",
    "timeout": None,
    "retries": None,
    "snmp_disable": 0,
    "bgpLocalAs": None,
    "sysObjectID": None,
    "snmpEngineID": "",
    "sysDescr": None,
    "sysContact": None,
    "version": None,
    "hardware": None,
    "features": None,
    "location_id": None,
    "os": "",
    "status": 1,
    "status_reason": "",
    "ignore": 0,
    "disabled": 0,
    "uptime": 8640000,
    "agent_uptime": 0,
    "last_polled": NOW,
    "last_poll_attempted": None,
    "last_polled_timetaken": 12.34,
    "last_discovered_timetaken": 21.5,
    "last_discovered": DISCOVERED,
    "last_ping": NOW,
    "last_ping_timetaken": 1.23,
    "purpose": None,
    "type": "network",
    "serial": None,
    "icon": None,
    "poller_group": 0,
    "override_sysLocation": 0,
    "notes": None,
    "port_association_mode": 1,
    "max_depth": 0,
    "disable_notify": 0,
    "ignore_status": 0,
    "mtu_status": 1,
}
# Not in the devices table of 23.11.
DEVICE_SINCE_2025 = frozenset({"display_template", "snmpEngineID", "ignore_status", "mtu_status"})
DEVICE_TIMES = ("inserted", "last_polled", "last_poll_attempted", "last_discovered", "last_ping")

# Booleans of the single-device answer, by release.
DEVICE_BOOLEANS_2025 = (
    "status",
    "mtu_status",
    "ignore",
    "ignore_status",
    "disabled",
    "snmp_disable",
    "disable_notify",
    "override_sysLocation",
)
DEVICE_BOOLEANS_BEFORE = ("status",)


def _counters() -> Row:
    row: Row = {}
    for name in ("ifInUcastPkts", "ifOutUcastPkts", "ifInErrors", "ifOutErrors", "ifInOctets", "ifOutOctets"):
        row |= {name: 0, f"{name}_prev": 0, f"{name}_delta": None, f"{name}_rate": None}
    return row


PORT: Row = {
    "port_id": None,
    "device_id": None,
    "port_descr_type": None,
    "port_descr_descr": None,
    "port_descr_circuit": None,
    "port_descr_speed": None,
    "port_descr_notes": None,
    "ifDescr": None,
    "ifName": None,
    "portName": None,
    "ifIndex": None,
    "ifSpeed": 1000000000,
    "ifSpeed_prev": None,
    "ifConnectorPresent": "true",
    "ifOperStatus": "up",
    "ifOperStatus_prev": "up",
    "ifAdminStatus": "up",
    "ifAdminStatus_prev": None,
    "ifDuplex": "fullDuplex",
    "ifMtu": 1500,
    "ifType": "ethernetCsmacd",
    "ifAlias": None,
    "ifPhysAddress": None,
    "ifLastChange": 15053,
    "ifVlan": None,
    "ifTrunk": None,
    "ifVrf": 0,
    "ignore": 0,
    "disabled": 0,
    "deleted": 0,
    "pagpOperationMode": None,
    "pagpPortState": None,
    "pagpPartnerDeviceId": None,
    "pagpPartnerLearnMethod": None,
    "pagpPartnerIfIndex": None,
    "pagpPartnerGroupIfIndex": None,
    "pagpPartnerDeviceName": None,
    "pagpEthcOperationMode": None,
    "pagpDeviceId": None,
    "pagpGroupIfIndex": None,
    **_counters(),
    "poll_time": 1795191097,
    "poll_prev": None,
    "poll_period": 300,
}

PORT_STATUSES = frozenset({"ifOperStatus", "ifOperStatus_prev", "ifAdminStatus", "ifAdminStatus_prev"})
IF_STATUS = frozenset({"up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown", None})

VLAN: Row = {
    "vlan_id": None,
    "device_id": None,
    "vlan_vlan": None,
    "vlan_domain": 1,
    "vlan_name": "",
    "vlan_type": "ethernet",
    "vlan_state": 1,
}

PORT_VLAN: Row = {
    "port_vlan_id": None,
    "device_id": None,
    "port_id": None,
    "vlan": None,
    "baseport": 0,
    "priority": 0,
    "state": "unknown",
    "cost": 0,
    "untagged": 0,
}

LINK: Row = {
    "id": None,
    "local_port_id": None,
    "local_device_id": None,
    "remote_port_id": None,
    "active": 1,
    "protocol": "lldp",
    "remote_hostname": "",
    "remote_device_id": 0,
    "remote_port": "",
    "remote_platform": None,
    "remote_version": "",
}

LOCATION: Row = {
    "id": None,
    "location": "",
    "lat": None,
    "lng": None,
    "timestamp": "2026-01-05 08:00:00",
    "fixed_coordinates": 0,
}

VRF: Row = {
    "vrf_id": None,
    "vrf_oid": "",
    "vrf_name": "",
    "bgpLocalAs": None,
    "mplsVpnVrfRouteDistinguisher": None,
    "mplsVpnVrfDescription": "",
    "device_id": None,
}

INVENTORY: Row = {
    "entPhysical_id": None,
    "device_id": None,
    "entPhysicalIndex": None,
    "entPhysicalDescr": "",
    "entPhysicalClass": "",
    "entPhysicalName": "",
    "entPhysicalHardwareRev": "",
    "entPhysicalFirmwareRev": "",
    "entPhysicalSoftwareRev": "",
    "entPhysicalAlias": "",
    "entPhysicalAssetID": "",
    "entPhysicalIsFRU": "false",
    "entPhysicalModelName": "",
    "entPhysicalVendorType": "",
    "entPhysicalSerialNum": "",
    "entPhysicalContainedIn": 0,
    "entPhysicalParentRelPos": -1,
    "entPhysicalMfgName": "",
    "entPhysicalMfgDate": None,
    "ifIndex": None,
}
INVENTORY_SINCE_2025 = frozenset({"entPhysicalMfgDate"})

TRANSCEIVER: Row = {
    "id": None,
    "created_at": "2026-01-05 08:00:00",
    "updated_at": "2026-01-05 08:00:00",
    "device_id": None,
    "port_id": None,
    "index": None,
    "entity_physical_index": None,
    "type": None,
    "vendor": None,
    "oui": None,
    "model": None,
    "revision": None,
    "serial": None,
    "date": None,
    "ddm": None,
    "encoding": None,
    "cable": None,
    "distance": None,
    "wavelength": None,
    "connector": None,
    "channels": 1,
}

DEVICE_GROUP: Row = {
    "id": None,
    "name": "",
    "desc": "",
    "type": "static",
    "rules": None,
    "pattern": None,
}
