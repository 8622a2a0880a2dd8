-- NetBox's disks and addresses that could be skipped objects of the source, and disks that may be new ones of it; see
-- sql/match/doubts.sql.
-- Key: netbox_id, once per reason.
-- Only with rows of desired.sightings WHERE resource IN ('virtual_disks', 'ip_addresses');
--   match.near_disks WHERE problem IS NOT NULL.
select 'virtualization/virtual-disks' as object_type, d.id as netbox_id, because('may_be', {because: s.what}) as reason,
    false as shown
from desired.sightings s
join match.virtual_machines v on v.key = s.owner
join netbox.virtual_disks d on d.virtual_machine_id = v.netbox_id and d.name = s.word
where s.resource = 'virtual_disks'
union
select 'ipam/ip-addresses', a.id, because('may_be', {because: s.what}), false
from desired.sightings s join netbox.ip_addresses a on a.host = s.word
where s.resource = 'ip_addresses'
union
select 'virtualization/virtual-disks', unnest(ids), because('may_be', {object: key, because: nested(problem)}), false
from match.near_disks where problem is not null
