"""Databases with the tables of Netdisco and LibreNMS, and two switches in them, one behind the other.

The columns are those that the examples read, with the types that DuckDB gives them: inet and macaddr are texts, an inet
with its mask.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

NETDISCO = """
create schema if not exists public;
create table public.device (ip text primary key, dns text, name text, location text, model text, vendor text, os text,
    os_ver text, serial text, mac text);
create table public.device_port (ip text, port text, descr text, up text, up_admin text, type text, speed text, name text,
    mac text, mtu integer, remote_ip text, remote_port text, remote_id text, vlan text, pvid integer);
create table public.device_ip (ip text, alias text, subnet text, port text, dns text);
create table public.device_vlan (ip text, vlan integer, description text);
create table public.device_port_vlan (ip text, port text, vlan integer, native boolean);
insert into public.device values
    ('192.0.2.1', 'core1.example.com', 'core1', 'Server room, Paris', 'WS-C3850-24T', 'cisco', 'ios-xe', '16.12.4', 'FOC1',
        '00:1b:54:00:00:01'),
    ('192.0.2.2', null, 'acc1', 'Server room, Paris', 'EX3400-24P', 'juniper', 'junos', '21.4R3', 'NX0', '00:1b:54:00:00:02');
insert into public.device_port values
    ('192.0.2.1', 'GigabitEthernet1/0/1', 'GigabitEthernet1/0/1', 'up', 'up', 'ethernetCsmacd', '1.0 Gbps', 'to acc1',
        '00:1b:54:00:01:01', 1500, '192.0.2.2', 'ge-0/0/0', 'acc1', '1', 1),
    ('192.0.2.1', 'Vlan10', 'Vlan10', 'up', 'up', 'propVirtual', '1.0 Gbps', 'Vlan10', '00:1b:54:00:01:10', 1500, null, null,
        null, null, null),
    ('192.0.2.2', 'ge-0/0/0', 'ge-0/0/0', 'up', 'up', 'ethernetCsmacd', '1.0 Gbps', '', '00:1b:54:00:02:00', 1514, '192.0.2.1',
        'GigabitEthernet1/0/1', 'core1.example.com', '1', 1),
    ('192.0.2.2', 'me0', 'me0', 'up', 'up', 'ethernetCsmacd', '100 Mbps', 'mgmt', '00:1b:54:00:02:01', 1514, null, null, null,
        null, null);
insert into public.device_ip values ('192.0.2.1', '192.0.2.1', '192.0.2.0/24', 'Vlan10', null),
    ('192.0.2.2', '192.0.2.2', '192.0.2.0/24', 'me0', null);
insert into public.device_vlan values ('192.0.2.1', 1, 'default'), ('192.0.2.1', 10, 'mgmt'), ('192.0.2.2', 10, 'mgmt');
insert into public.device_port_vlan values ('192.0.2.1', 'GigabitEthernet1/0/1', 1, true),
    ('192.0.2.1', 'GigabitEthernet1/0/1', 10, false), ('192.0.2.2', 'ge-0/0/0', 10, false);
update public.device set ip = ip || '/32';
update public.device_port set ip = ip || '/32', remote_ip = remote_ip || '/32';
update public.device_ip set ip = ip || '/32', alias = alias || '/32';
update public.device_vlan set ip = ip || '/32';
update public.device_port_vlan set ip = ip || '/32';
"""
LIBRENMS = """
create table devices (device_id integer primary key, hostname text, sysName text, hardware text, os text, version text,
    serial text, type text, location_id integer, status tinyint, disabled tinyint);
create table locations (id integer, location text);
create table ports (port_id bigint, device_id integer, ifName text, ifDescr text, ifAlias text, ifType text, ifSpeed bigint,
    ifMtu integer, ifPhysAddress text, ifAdminStatus text, ifVlan text, deleted tinyint);
create table ports_vlans (port_vlan_id integer, device_id integer, port_id bigint, vlan integer, untagged tinyint);
create table ipv4_addresses (ipv4_address text, ipv4_prefixlen integer, port_id bigint);
create table ipv6_addresses (ipv6_compressed text, ipv6_prefixlen integer, port_id bigint);
create table vlans (vlan_id integer, device_id integer, vlan_vlan integer, vlan_name text);
create table links (id integer, local_port_id bigint, local_device_id integer, remote_port_id bigint, active tinyint,
    remote_hostname text, remote_device_id integer, remote_port text);
insert into locations values (1, 'Paris');
insert into devices values (1, '192.0.2.1', 'core1', 'WS-C3850-24T', 'iosxe', '16.12.4', 'FOC1', 'network', 1, 1, 0),
    (2, 'acc1', 'acc1', 'EX3400-24P', 'junos', '21.4R3', 'NX0', 'network', 1, 0, 0),
    (3, 'old', 'old', 'X', 'x', '1', null, 'network', 1, 0, 1);
insert into ports values
    (11, 1, 'Gi1/0/1', 'GigabitEthernet1/0/1', 'to acc1', 'ethernetCsmacd', 1000000000, 1500, '001b54000101', 'up', '1', 0),
    (12, 1, 'Vl10', 'Vlan10', 'Vl10', 'propVirtual', 1000000000, 1500, '001b54000110', 'up', '', 0),
    (13, 1, 'Gi1/0/9', 'GigabitEthernet1/0/9', '', 'ethernetCsmacd', 0, 1500, '', 'down', '', 1),
    (21, 2, 'ge-0/0/0', 'ge-0/0/0', '', 'ethernetCsmacd', 1000000000, 1514, '001b54000200', 'up', '', 0),
    (31, 3, 'e0', 'e0', '', 'ethernetCsmacd', 0, 1500, '', 'up', '', 0);
insert into ports_vlans values (1, 1, 11, 1, 1), (2, 1, 11, 10, 0);
insert into ipv4_addresses values ('192.0.2.1', 24, 12);
insert into ipv6_addresses values ('2001:db8::1', 64, 12);
insert into vlans values (1, 1, 1, 'default'), (2, 1, 10, 'mgmt');
insert into links values (1, 11, 1, 21, 1, 'acc1', 2, 'ge-0/0/0'), (2, 11, 1, null, 0, 'gone', null, 'x');
"""


def write_database(file: Path, script: str) -> None:
    """A DuckDB file with these tables."""
    with duckdb.connect(str(file)) as con:
        con.execute(script)
