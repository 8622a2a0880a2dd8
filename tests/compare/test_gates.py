"""What closes the gate of a diff, as the comparison finds it in its own rows."""

from __future__ import annotations

from netbox_sync_dagster.compare.gates import written_twice
from netbox_sync_dagster.storage import connections


def test_two_rows_that_write_one_field_of_one_object_close_the_gate():
    con = connections.connect()
    con.execute("CREATE SCHEMA diff")
    con.execute(
        """CREATE TABLE diff.rows AS
           SELECT resource, action, key, 'dcim/interfaces' AS object_type, netbox_id,
                  list_transform(names, lambda n: {'field': n, 'decision': if(n = 'mtu', 'drifted', 'update')}) AS fields
           FROM (VALUES
               ('interfaces', 'update', 'sw1 Gi0/1', 1, ['description', 'mtu']),
               ('primary_macs', 'update', 'sw1 Gi0/1', 1, ['primary_mac_address', 'mtu']),
               ('interfaces', 'update', 'sw1 Gi0/2', 2, ['description', 'enabled']),
               ('interfaces', 'update', 'sw2 Gi0/2', 2, ['enabled']),
               ('interfaces', 'delete', 'sw1 Gi0/3', 3, []),
               ('interfaces', 'conflict', 'sw2 Gi0/3', 3, []),
               ('interfaces', 'create', 'sw1 Gi0/4', NULL, ['name']),
               ('interfaces', 'create', 'sw1 Gi0/5', NULL, ['name'])
           ) AS rows(resource, action, key, netbox_id, names)"""
    )
    assert written_twice(con) == [
        "two changes write one object: dcim/interfaces 2 (interfaces sw1 Gi0/2, interfaces sw2 Gi0/2)"
    ]
    con.execute("DELETE FROM diff.rows WHERE key = 'sw2 Gi0/2'")
    assert written_twice(con) == []
