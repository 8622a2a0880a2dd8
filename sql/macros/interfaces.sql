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
    meaning('100base-tx 100 1000base-t 1000 2.5gbase-t 2500 5gbase-t 5000 10gbase-x-sfpp 10000 25gbase-x-sfp28 25000'
        || ' 40gbase-x-qsfpp 40000 100gbase-x-qsfp28 100000 400gbase-x-qsfpdd 400000', type)::bigint;
create or replace macro type_by_name(name) as
    meaning('fa 100base-tx fastethernet 100base-tx'
        || ' gi 1000base-t ge 1000base-t gigabitethernet 1000base-t m-gigabitethernet 1000base-t'
        || ' tw 2.5gbase-t twogigabitethernet 2.5gbase-t fi 5gbase-t fivegigabitethernet 5gbase-t'
        || ' te 10gbase-x-sfpp xe 10gbase-x-sfpp xge 10gbase-x-sfpp xgigabitethernet 10gbase-x-sfpp'
        || ' ten-gigabitethernet 10gbase-x-sfpp tengigabitethernet 10gbase-x-sfpp tengige 10gbase-x-sfpp'
        || ' 10ge 10gbase-x-sfpp'
        || ' twe 25gbase-x-sfp28 twentyfivegige 25gbase-x-sfp28 twentyfivegigabitethernet 25gbase-x-sfp28'
        || ' twenty-fivegige 25gbase-x-sfp28 25ge 25gbase-x-sfp28'
        || ' fo 40gbase-x-qsfpp fortygige 40gbase-x-qsfpp 40ge 40gbase-x-qsfpp fortygigabitethernet 40gbase-x-qsfpp'
        || ' hu 100gbase-x-qsfp28 hundredgige 100gbase-x-qsfp28 hundredgigabitethernet 100gbase-x-qsfp28'
        || ' 100ge 100gbase-x-qsfp28 fourhundredgige 400gbase-x-qsfpdd 400ge 400gbase-x-qsfpdd',
        lower(regexp_extract(name, '^([0-9]+[A-Za-z]+|[A-Za-z]+(-[A-Za-z]+)*)[- ]?[0-9]', 1)));

-- Short and long names of Cisco and Arista compare equal: one spelling for both, and for that of IOS-XR
-- (TenGigE0/0/0/1).
create or replace macro interface_alias(name) as
    case when not regexp_matches(name, '^[A-Za-z-]+ ?[0-9]') then lower(name)
    else lower(coalesce(
            meaning('fa FastEthernet gi GigabitEthernet te TenGigabitEthernet tengige TenGigabitEthernet'
                || ' fo FortyGigabitEthernet fortygige FortyGigabitEthernet hu HundredGigE'
                || ' hundredgigabitethernet HundredGigE twe TwentyFiveGigE twentyfivegigabitethernet TwentyFiveGigE'
                || ' tf TwentyFiveGigE tw TwoGigabitEthernet fi FiveGigabitEthernet fou FourHundredGigE'
                || ' fh FourHundredGigE ap AppGigabitEthernet eth Ethernet et Ethernet ma Management mg MgmtEth'
                || ' be Bundle-Ether se Serial tu Tunnel nu Null bv BVI bd BDI di Dialer ce Cellular'
                || ' po Port-channel lo Loopback vl Vlan',
                lower(regexp_extract(name, '^([A-Za-z-]+)', 1))),
            regexp_extract(name, '^([A-Za-z-]+)', 1))
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
