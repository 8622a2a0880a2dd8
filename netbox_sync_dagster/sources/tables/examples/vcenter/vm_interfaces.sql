-- The network adapters. The port group is the description.
select
    "VM UUID" as virtual_machine,
    "NIC label" as name,
    lower("Connected") = 'true' as enabled,
    "Mac Address" as mac,
    coalesce("Network", '') as description
from vnetwork
where lower("Template") <> 'true'
