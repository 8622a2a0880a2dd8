-- Only with rows of desired.interface_vlans; desired.vm_interfaces.
-- Every VID that an interface carries, with the device or cluster in whose reach the VLAN is looked for.
-- Key: owner + VID.
select distinct 'devices' as owner_resource, i.device as owner, vids.vid, false as permitted
from desired.interface_vlans v
join desired.interfaces i using (key),
unnest(list_concat([v.untagged], coalesce(v.tagged, []))) as vids(vid)
where vids.vid between 1 and 4094
union
select 'clusters', m.cluster, vids.vid, false
from desired.vm_interfaces i
join desired.virtual_machines m on m.key = i.virtual_machine,
unnest(list_concat([i.untagged], coalesce(i.tagged, []))) as vids(vid)
where vids.vid between 1 and 4094
union
select 'clusters', m.cluster, vids.vid, true
from desired.vm_interfaces i
join desired.virtual_machines m on m.key = i.virtual_machine,
unnest(i.permitted) as vids(vid)
where vids.vid between 1 and 4094
