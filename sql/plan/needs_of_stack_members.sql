-- Members of stacks: a device without a position needs one to join a virtual chassis; see sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource = 'virtual_chassis_members' AND field = 'virtual_chassis'.
select w.resource, w.key, w.field, w.resource as needs_resource, w.key as needs_key, 'vc_position' as needs_field,
    because('member_without_position') as why
from diff.written w
left join netbox.devices a on a.id = w.netbox_id
where w.resource = 'virtual_chassis_members' and w.field = 'virtual_chassis' and w.after <> 'null'
  and a.vc_position is null
