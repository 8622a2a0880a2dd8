-- Interfaces of devices and of virtual machines; see sql/plan/kept_values.sql.
-- Only with rows of diff.rows WHERE action = 'update'
--   AND object_type IN ('dcim/interfaces', 'virtualization/interfaces').
select 'dcim/interfaces', a.id, ['untagged_vlan'], null,
    because('untagged_vlan_at_another_site', {vlan: v.vid || ' ' || v.name, site: s.name})
from netbox.vlans v
join netbox.sites s on s.id = v.site_id
join netbox.interfaces a on a.untagged_vlan_id = v.id
join netbox.devices d on d.id = a.device_id
where d.site_id is distinct from v.site_id
union all
select 'virtualization/interfaces', a.id, ['untagged_vlan'], null,
    because('untagged_vlan_at_another_site', {vlan: v.vid || ' ' || v.name, site: s.name})
from netbox.vlans v
join netbox.sites s on s.id = v.site_id
join netbox.vm_interfaces a on a.untagged_vlan_id = v.id
join netbox.virtual_machines m on m.id = a.virtual_machine_id
where m.site_id is distinct from v.site_id
union all
-- LAG, parent and bridge are on the same device, or in the same virtual chassis.
select 'dcim/interfaces', a.id, [a.field], null,
    because('linked_to_another_device', {link: if(a.field = 'lag', 'LAG', a.field), interface: o.name,
        device: coalesce(other.name, 'device ' || other.id)})
from (
    select id, device_id, unnest([{'field': 'lag', 'to_id': lag_id}, {'field': 'parent', 'to_id': parent_id},
        {'field': 'bridge', 'to_id': bridge_id}], recursive := true)
    from netbox.interfaces where coalesce(lag_id, parent_id, bridge_id) is not null
      and id in (select netbox_id from diff.edited where object_type = 'dcim/interfaces')
) a
join netbox.interfaces o on o.id = a.to_id and o.device_id <> a.device_id
join netbox.devices d on d.id = a.device_id
join netbox.devices other on other.id = o.device_id
where d.virtual_chassis_id is null or d.virtual_chassis_id is distinct from other.virtual_chassis_id
union all
-- NetBox before 4.7 took a MAC address that is on no interface.
select i.object_type, i.id, ['primary_mac_address'], null, because('primary_mac_not_on_it', {mac: m.mac_address})
from (
    select 'dcim/interfaces' as object_type, 'dcim.interface' as model, id, primary_mac_id from netbox.interfaces
    union all
    select 'virtualization/interfaces', 'virtualization.vminterface', id, primary_mac_id from netbox.vm_interfaces
) i
join netbox.mac_addresses m on m.id = i.primary_mac_id
where (m.assigned_object_type, m.assigned_object_id) is distinct from (i.model, i.id)
  and (m.assigned_object_type is not null or target_release() >= 407)
