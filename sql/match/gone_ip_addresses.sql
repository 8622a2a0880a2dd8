-- Addresses that NetBox has on a matched interface and the source does not show. Key: NetBox's id.
with matched as (
    select resource, netbox_id, type, owner, label from match.interface_names where netbox_id is not null
)
select a.*, m.owner, m.label, m.resource as interface_resource
from netbox.ip_addresses a
join matched m on m.type = a.assigned_object_type and m.netbox_id = a.assigned_object_id
where a.host not in (select host from desired.ip_addresses)
  and a.id not in (select netbox_id from diff.ip_addresses where netbox_id is not null)
