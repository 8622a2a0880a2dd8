-- Macros for interfaces: MAC addresses, types and what a name says.

-- Any spelling of 12 hex digits -> upper case with colons; zero, multicast and anything else -> none ('').
create or replace macro mac_digits(text) as upper(regexp_replace(coalesce(text, ''), '[:.\- ]', '', 'g'));
create or replace macro mac_address(text) as
    case when not regexp_full_match(mac_digits(text), '[0-9A-F]{12}') then ''
         when mac_digits(text) = '000000000000' then ''
         when substr(mac_digits(text), 2, 1) in ('1', '3', '5', '7', '9', 'B', 'D', 'F') then ''
         else regexp_replace(mac_digits(text), '(..)(..)(..)(..)(..)(..)', '\1:\2:\3:\4:\5:\6') end;

-- The type of an Ethernet port by its speed in Mbit/s, and by the word before the first number of its name.
create or replace macro ethernet_type(mbits) as
    case mbits
        when 10 then '10base-t' when 100 then '100base-tx' when 1000 then '1000base-t'
        when 2500 then '2.5gbase-t' when 5000 then '5gbase-t' when 10000 then '10gbase-x-sfpp'
        when 25000 then '25gbase-x-sfp28' when 40000 then '40gbase-x-qsfpp'
        when 50000 then '50gbase-x-sfp56' when 100000 then '100gbase-x-qsfp28'
        when 200000 then '200gbase-x-qsfp56' when 400000 then '400gbase-x-qsfpdd'
        else 'other' end;
-- The speed of a type that a name says.
create or replace macro ethernet_mbits(type) as
    case type
        when '100base-tx' then 100 when '1000base-t' then 1000 when '2.5gbase-t' then 2500 when '5gbase-t' then 5000
        when '10gbase-x-sfpp' then 10000 when '25gbase-x-sfp28' then 25000 when '40gbase-x-qsfpp' then 40000
        when '100gbase-x-qsfp28' then 100000 when '400gbase-x-qsfpdd' then 400000 end;
create or replace macro type_by_name(name) as
    case lower(regexp_extract(name, '^([0-9]+[A-Za-z]+|[A-Za-z]+(-[A-Za-z]+)*)[- ]?[0-9]', 1))
        when 'fa' then '100base-tx' when 'fastethernet' then '100base-tx'
        when 'gi' then '1000base-t' when 'ge' then '1000base-t' when 'gigabitethernet' then '1000base-t'
        when 'm-gigabitethernet' then '1000base-t'
        when 'tw' then '2.5gbase-t' when 'twogigabitethernet' then '2.5gbase-t'
        when 'fi' then '5gbase-t' when 'fivegigabitethernet' then '5gbase-t'
        when 'te' then '10gbase-x-sfpp' when 'xe' then '10gbase-x-sfpp' when 'xge' then '10gbase-x-sfpp'
        when 'xgigabitethernet' then '10gbase-x-sfpp' when 'ten-gigabitethernet' then '10gbase-x-sfpp'
        when 'tengigabitethernet' then '10gbase-x-sfpp' when 'tengige' then '10gbase-x-sfpp'
        when '10ge' then '10gbase-x-sfpp'
        when 'twe' then '25gbase-x-sfp28' when 'twentyfivegige' then '25gbase-x-sfp28'
        when 'twentyfivegigabitethernet' then '25gbase-x-sfp28' when 'twenty-fivegige' then '25gbase-x-sfp28'
        when '25ge' then '25gbase-x-sfp28'
        when 'fo' then '40gbase-x-qsfpp' when 'fortygige' then '40gbase-x-qsfpp' when '40ge' then '40gbase-x-qsfpp'
        when 'fortygigabitethernet' then '40gbase-x-qsfpp'
        when 'hu' then '100gbase-x-qsfp28' when 'hundredgige' then '100gbase-x-qsfp28'
        when 'hundredgigabitethernet' then '100gbase-x-qsfp28' when '100ge' then '100gbase-x-qsfp28'
        when 'fourhundredgige' then '400gbase-x-qsfpdd' when '400ge' then '400gbase-x-qsfpdd' end;

-- Short and long names of Cisco and Arista compare equal: one spelling for both, and for that of IOS-XR
-- (TenGigE0/0/0/1).
create or replace macro interface_alias(name) as
    case when not regexp_matches(name, '^[A-Za-z-]+ ?[0-9]') then lower(name)
    else lower(case lower(regexp_extract(name, '^([A-Za-z-]+)', 1))
        when 'fa' then 'FastEthernet' when 'gi' then 'GigabitEthernet' when 'ge' then 'ge'
        when 'te' then 'TenGigabitEthernet' when 'tengige' then 'TenGigabitEthernet'
        when 'fo' then 'FortyGigabitEthernet' when 'fortygige' then 'FortyGigabitEthernet'
        when 'hu' then 'HundredGigE' when 'hundredgigabitethernet' then 'HundredGigE'
        when 'twe' then 'TwentyFiveGigE' when 'twentyfivegigabitethernet' then 'TwentyFiveGigE'
        when 'tf' then 'TwentyFiveGigE' when 'tw' then 'TwoGigabitEthernet' when 'fi' then 'FiveGigabitEthernet'
        when 'fou' then 'FourHundredGigE' when 'fh' then 'FourHundredGigE' when 'ap' then 'AppGigabitEthernet'
        when 'eth' then 'Ethernet' when 'et' then 'Ethernet' when 'ma' then 'Management' when 'mg' then 'MgmtEth'
        when 'be' then 'Bundle-Ether' when 'se' then 'Serial' when 'tu' then 'Tunnel' when 'nu' then 'Null'
        when 'bv' then 'BVI' when 'bd' then 'BDI' when 'di' then 'Dialer' when 'ce' then 'Cellular'
        when 'po' then 'Port-channel' when 'lo' then 'Loopback' when 'vl' then 'Vlan'
        else regexp_extract(name, '^([A-Za-z-]+)', 1) end
        || trim(regexp_replace(name, '^[A-Za-z-]+', ''))) end;

-- The number of the stack member that a physical port's name begins with: Gi2/0/1, Te3/1/1, 2/1/1, 1:2; Juniper
-- counts from 0 (ge-1/0/0 is the second). NULL for logical ports and for names without one.
create or replace macro member_number(name) as
    case when regexp_matches(name,
        '^(?i:vlan|vl|port-channel|po|bundle|loopback|lo|mgmt|management|null|nu)[- ]?[a-z]*[0-9]') then null
         when regexp_matches(name, '^[a-z]{2,3}-[0-9]+/')
             then try_cast(regexp_extract(name, '^[a-z]{2,3}-([0-9]+)/', 1) as integer) + 1
         else try_cast(nullif(regexp_extract(name, '^[A-Za-z. -]*([0-9]+)[/:]', 1), '') as integer) end;

-- The FPC of a part of a Juniper device, or the part itself: "FPC: EX4300-48T @ 1/*/*", "Power Supply 0 @ 1/0/*" -> 1.
create or replace macro juniper_slot(text) as
    try_cast(nullif(regexp_extract(text, ' @ ([0-9]+)/([0-9]+|\*)/([0-9]+|\*)$', 1), '') as integer);

-- How much a name from inside a guest looks like that of a network card: 0 yes, 1 unknown, 2 one on top of a card (a
-- VLAN, bridge, bond, tunnel or virtual port).
create or replace macro interface_rank(name) as
    case when regexp_matches(lower(name), '[.@:]|^(br|bridge|vmbr|ovs|bond|team|lagg|vlan|tap|tun|wg|geneve|gre|sit'
             || '|dummy|lo|cni|ifb|vrrp|carp)([^a-z]|$)'
             || '|^(veth|vethernet|docker|cali|flannel|kube|virbr|macvlan|macvtap|ipvlan|vxlan)') then 2
         when regexp_full_match(lower(name), '(eth|em|vtnet|vmx|hn|xn|igb|igc|ix|ixl|re|bge|nic|net|vio|venet)[0-9]+'
             || '|en[opsxb][0-9a-z]+|p[0-9]+p[0-9]+|(ethernet|local area connection)( [0-9]+)?') then 0
         else 1 end;

-- Whether a VLAN group's ranges contain a VID.
create or replace macro takes_vid(vid_ranges, vid) as
    vid_ranges is null or len(list_filter(vid_ranges, lambda r: vid between r[1] and r[2])) > 0;
-- What NetBox calls virtual and wireless types: they take no cable.
create or replace macro is_virtual_type(type) as type in ('virtual', 'bridge', 'lag');
create or replace macro is_wireless_type(type) as
    starts_with(type, 'ieee802.1') or type in ('other-wireless', 'gsm', 'cdma', 'lte', '4g', '5g');
-- Whether none of the VLANs that a mode is for is decided: the mode is not written without them. untagged, tagged: why
-- they are not decided; has_untagged: the interface gets an untagged VLAN.
create or replace macro lacks_its_vlans(mode, untagged, tagged, has_untagged) as
    case mode when 'access' then untagged is not null
              when 'tagged' then tagged is not null and coalesce(not has_untagged, true)
              else false end;
