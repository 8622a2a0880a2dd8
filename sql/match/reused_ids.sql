-- Ports whose id NetBox has on another interface of the device: the source gave it to another port. Rows with that id
-- in other tables (VLANs, LAGs, neighbours) may be from before or after, so until NetBox has the new ids they do not
-- prove a removal. Key: resource + owner; the rows join desired.incomplete_scopes. The owner of interface_vlans is the
-- port.
-- Only with rows of match.interface_pairs WHERE NOT settled AND claim IS NOT NULL.
-- Its rows join desired.incomplete_scopes.
with reused as (
    select w.key, w.device, min(w.name) as name, min(w.source_id) as source_id, min(p.name) as held_on
    from match.interface_pairs p
    join desired.interfaces w on w.source_id = p.claim
    join match.devices d on d.key = w.device and d.netbox_id = p.device_id
    left join match.interfaces m on m.key = w.key
    where p.netbox_id is not null and not p.settled and m.netbox_id is distinct from p.netbox_id
    group by w.key, w.device
),
numbered as (
    select *, because('port_id_on_another', {id: source_id, device: device, name: name, held_on: held_on}) as reason
        from reused
)
select 'interface_vlans' as resource, key as owner, reason from numbered
union all
select unnest(['lags', 'cables']), device, min(reason) from numbered group by device
