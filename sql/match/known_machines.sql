-- NetBox's virtual machines with the ids that they hold. Key: NetBox virtual machine. foreign: another system's guest.
-- named_elsewhere: NetBox has the cluster whose id it holds as another one.
-- Only with rows of desired.virtual_machines.
select v.id, v.name, v.cluster_id, v.last_updated, v.vcpus, v.memory,
    held_cluster(v.cf, settings.cluster_field) as held_cluster,
    held_guest(v.cf, settings.id_field) as held_vmid,
    held_vmid is null
        and exists (from config.other_guest_fields o
            where held_guest(v.cf, o.id_field) is not null) as "foreign",
    exists (from netbox.clusters c where lower(c.name) = lower(held_cluster(v.cf, settings.cluster_field))
        and c.id <> v.cluster_id) as named_elsewhere
from netbox.virtual_machines v, config.endpoint settings
