-- Adds to desired.incomplete_scopes.
-- Interfaces without addresses in Proxmox because it did not answer about them: what NetBox has on them proves nothing.
-- Rows of desired.incomplete_scopes; the owner is the interface.
select 'ip_addresses' as resource, i.key as owner,
    because('interface_not_shown', {who: if(g.type = 'lxc', 'the container', 'the guest agent'),
        interface: i.old_name}) as reason
from desired.vm_interfaces i
join desired.virtual_machines v on v.key = i.virtual_machine
join proxmox.guests g on g.vmid::varchar = v.source_id
left join (select distinct vmid, key from proxmox.guest_agent_interfaces) a on a.vmid = g.vmid and a.key = i.old_name
where a.key is null
union all
-- The configuration of a node does not have what it gets by DHCP or SLAAC.
select 'ip_addresses', i.key,
    because('dynamic_addresses', {interface: n.iface, method: if(n.method in ('dhcp', 'auto'), n.method, n.method6)})
from proxmox.node_interfaces n
join desired.interfaces i on i.device = n.node and i.name = n.iface
where n.method in ('dhcp', 'auto') or n.method6 in ('dhcp', 'auto')
