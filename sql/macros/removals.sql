-- Macros for objects that the source does not have: the rule, and the fields of a delete.

-- The rule for objects that the source does not have. Returns the cause; NULL: no row.
-- fact: the cause that says so, "not in LibreNMS". way: what policy wants (leave, delete, disable, offline,
-- decommissioning, unassign; done: it is so already); note: that policy in words. doubt: which row of the source the
-- object may be, and doubt_shown whether a row of the diff says so already. unproven: why the source's answer
-- proves nothing. owned: this product created it for this source. writer: another configured endpoint that created or
-- last wrote it, which this source did not. held: what keeps it from being removed.
create or replace macro removal(resource, fact, way, note, doubt, doubt_shown, unproven, said_unproven, owned, writer,
    may_delete, may_delete_unowned, held) as
    case
        when doubt is not null then if(doubt_shown, null, blocked('in_doubt', {because: doubt}))
        when unproven is not null then if(said_unproven,
            blocked('removal_not_proven', {because_removed: fact, because: unproven}), null)
        when way = 'done' then null
        when writer is not null then drifted('removed_of_other', {because: fact, endpoint: writer})
        when way = 'leave' then drifted('removed_and_left', {because: fact, note: note})
        when way not in ('delete', 'unassign') then noted('removed', {because: fact, note: note})
        when way = 'delete' and not owned and not may_delete_unowned then drifted('removed_not_ours', {because: fact})
        when way = 'delete' and not may_delete and not may_delete_unowned
            then blocked('may_not_delete', {because: fact, resource: resource})
        when held is not null then blocked('removal_held', {because_removed: fact, because: held})
        else noted('removed', {because: fact, note: if(way = 'unassign', note, null)}) end;

-- The fields of a delete: every field with a value, so that an undo can restore it. The parameter is a whole row of the
-- netbox table.
create or replace macro removed_field(name, before_json) as field(name, before_json, 'null');
-- The fields of a delete that have a value.
create or replace macro non_empty(fields) as list_filter(fields, lambda f: f is not null and f.before is not null);
create or replace macro removed_text(name, old) as removed_field(name, to_json(nullif(old, ''))::varchar);
create or replace macro removed_value(name, old) as removed_field(name, to_json(old)::varchar);
create or replace macro removed_tags(slugs) as
    case when len(slugs) > 0 then removed_field('tags', to_json(slugs)::varchar) end;
create or replace macro removed_custom_fields(cf) as
    list_transform(json_keys(coalesce(cf, '{}')::json), lambda k:
        removed_field('cf.' || k, nullif(json_extract(cf, '$."' || k || '"')::varchar, 'null')));
-- The parameter may be a column of a row called i or a: the alias in here is one that no caller has.
create or replace macro removed_vlan(name, vlan_id) as
    removed_field(name, (select existing(held.id, held.vid || ' ' || held.name) from netbox.vlans held
        where held.id = vlan_id));
create or replace macro removed_vlans(name, vlan_ids) as
    removed_field(name, (
        select '[' || string_agg(existing(held.id, held.vid || ' ' || held.name), ',' order by held.vid, held.id) || ']'
        from netbox.vlans held where list_contains(vlan_ids, held.id)));
create or replace macro removed_vrf(vrf_id) as
    removed_field('vrf', (select existing(held.id, held.name) from netbox.vrfs held where held.id = vrf_id));
create or replace macro removed_tenant(tenant_id) as
    removed_field('tenant', (select existing(held.id, held.name) from netbox.tenants held where held.id = tenant_id));
create or replace macro removed_mac_reference(mac_id) as
    removed_field('primary_mac_address', (select existing(held.id, held.mac_address) from netbox.mac_addresses held
        where held.id = mac_id));
create or replace macro removed_primary_ip(name, address_id) as
    removed_field(name, (select existing(held.id, held.address) from netbox.ip_addresses held
        where held.id = address_id));
create or replace macro removed_interface_reference(name, interface_id) as
    removed_field(name, (select existing(held.id, held.name) from netbox.interfaces held where held.id = interface_id));
create or replace macro removed_vm_interface_reference(name, interface_id) as
    removed_field(name, (select existing(held.id, held.name) from netbox.vm_interfaces held
        where held.id = interface_id));
create or replace macro removed_interface(r, device_name) as non_empty(list_concat([
    removed_field('device', existing(struct_extract(r, 'device_id'), device_name)),
    removed_value('name', struct_extract(r, 'name')),
    removed_text('label', struct_extract(r, 'label')),
    removed_value('type', struct_extract(r, 'type')),
    removed_value('enabled', struct_extract(r, 'enabled')),
    removed_value('mtu', struct_extract(r, 'mtu')),
    removed_value('speed', struct_extract(r, 'speed')),
    removed_text('description', struct_extract(r, 'description')),
    removed_text('mode', struct_extract(r, 'mode')),
    removed_vlan('untagged_vlan', struct_extract(r, 'untagged_vlan_id')),
    removed_vlans('tagged_vlans', struct_extract(r, 'tagged_vlan_ids')),
    removed_interface_reference('lag', struct_extract(r, 'lag_id')),
    removed_interface_reference('parent', struct_extract(r, 'parent_id')),
    removed_interface_reference('bridge', struct_extract(r, 'bridge_id')),
    removed_vrf(struct_extract(r, 'vrf_id')),
    case when struct_extract(r, 'mgmt_only') then removed_field('mgmt_only', 'true') end,
    case when struct_extract(r, 'mark_connected') then removed_field('mark_connected', 'true') end,
    removed_mac_reference(struct_extract(r, 'primary_mac_id')),
    removed_tags(struct_extract(r, 'tags'))],
    removed_custom_fields(struct_extract(r, 'cf'))));
create or replace macro removed_vm_interface(r, vm_name) as non_empty(list_concat([
    removed_field('virtual_machine', existing(struct_extract(r, 'virtual_machine_id'), vm_name)),
    removed_value('name', struct_extract(r, 'name')),
    removed_value('enabled', struct_extract(r, 'enabled')),
    removed_value('mtu', struct_extract(r, 'mtu')),
    removed_text('description', struct_extract(r, 'description')),
    removed_text('mode', struct_extract(r, 'mode')),
    removed_vlan('untagged_vlan', struct_extract(r, 'untagged_vlan_id')),
    removed_vlans('tagged_vlans', struct_extract(r, 'tagged_vlan_ids')),
    removed_vm_interface_reference('parent', struct_extract(r, 'parent_id')),
    removed_vm_interface_reference('bridge', struct_extract(r, 'bridge_id')),
    removed_vrf(struct_extract(r, 'vrf_id')),
    removed_mac_reference(struct_extract(r, 'primary_mac_id')),
    removed_tags(struct_extract(r, 'tags'))],
    removed_custom_fields(struct_extract(r, 'cf'))));
create or replace macro removed_virtual_disk(r, vm_name) as non_empty([
    removed_field('virtual_machine', existing(struct_extract(r, 'virtual_machine_id'), vm_name)),
    removed_value('name', struct_extract(r, 'name')),
    removed_value('size', struct_extract(r, 'size')),
    removed_text('description', struct_extract(r, 'description'))]);
create or replace macro removed_ip_address(r, place) as non_empty(list_concat([
    removed_value('address', struct_extract(r, 'address')),
    removed_vrf(struct_extract(r, 'vrf_id')),
    removed_tenant(struct_extract(r, 'tenant_id')),
    removed_value('status', struct_extract(r, 'status')),
    removed_text('role', struct_extract(r, 'role')),
    removed_text('dns_name', struct_extract(r, 'dns_name')),
    removed_text('description', struct_extract(r, 'description')),
    removed_field('assigned_object', typed_existing(struct_extract(r, 'assigned_object_type'),
        struct_extract(r, 'assigned_object_id'), place)),
    removed_primary_ip('nat_inside', struct_extract(r, 'nat_inside_id')),
    removed_tags(struct_extract(r, 'tags'))],
    removed_custom_fields(struct_extract(r, 'cf'))));
create or replace macro removed_mac_address(r, place) as non_empty([
    removed_value('mac_address', struct_extract(r, 'mac_address')),
    removed_field('assigned_object', typed_existing(struct_extract(r, 'assigned_object_type'),
        struct_extract(r, 'assigned_object_id'), place))]);
