-- Macros for IP addresses.

-- Why an address is skipped, as a cause, or NULL. host is canonical text.
create or replace macro left_out_address(host, family, prefixlen, keep_link_local) as
    case when prefixlen is null then skipped('no_prefix_length')
         when prefixlen not between 1 and if(family = 4, 32, 128)
             then skipped('bad_prefix_length', {prefixlen: prefixlen})
         when family = 4 and starts_with(host, '127.') then skipped('loopback_address')
         when family = 4 and starts_with(host, '169.254.') and not keep_link_local then skipped('link_local_address')
         when family = 4 and starts_with(host, '0.') then skipped('no_host_address')
         when family = 4 and try_cast(split_part(host, '.', 1) as integer) >= 224
             then skipped('multicast_or_reserved_address')
         when family = 6 and host in ('::', '::1') then skipped('loopback_or_unspecified_address')
         when family = 6 and regexp_matches(host, '^fe[89ab]') then skipped('link_local_address')
         when family = 6 and starts_with(host, 'ff') then skipped('multicast_address') end;

-- The first of these regular expressions that a whole name matches, in any case; NULL: none.
create or replace macro matching_pattern(name, patterns) as
    case when len(patterns) > 0 then list_filter(patterns, lambda p: regexp_full_match(name, p, 'i'))[1] end;

-- NetBox refuses a network's or broadcast's own address on an interface. Why, as a cause, or NULL.
create or replace macro ipv4_number(host) as
    split_part(host, '.', 1)::ubigint * 16777216 + split_part(host, '.', 2)::ubigint * 65536
    + split_part(host, '.', 3)::ubigint * 256 + split_part(host, '.', 4)::ubigint;
-- The 32 hex digits of a canonical IPv6 address: with seven colons it has all groups, and an empty one is zero.
create or replace macro ipv6_hex(host) as
    array_to_string(list_transform(
        string_split(replace(host, '::', '::' || repeat(':', 7 - length(regexp_replace(host, '[^:]', '', 'g')))), ':'),
        lambda g: lpad(g, 4, '0')), '');
-- An address in a form that sorts and compares as its number: of IPv4 as 10 digits, of IPv6 as 32 hex digits.
create or replace macro address_bits(host) as
    if(contains(host, ':'), ipv6_hex(host), printf('%010d', ipv4_number(host)::bigint));
-- The first bits of an address: equal for two addresses of a network.
create or replace macro network_bits(host, family, prefixlen) as
    case when family = 4 then (ipv4_number(host) >> (32 - prefixlen))::varchar
         else list_transform([ipv6_hex(host)], lambda h: substr(h, 1, prefixlen // 4) || '/'
             || ((strpos('0123456789abcdef', substr(h || '0', prefixlen // 4 + 1, 1)) - 1)
                 >> (4 - prefixlen % 4)))[1] end;
-- The network of an address as text; IPv6 with its last groups of zeros shortened.
create or replace macro network_text(host, family, prefixlen) as
    case when family = 4 then list_transform([(ipv4_number(host) >> (32 - prefixlen)) << (32 - prefixlen)], lambda n:
             (n >> 24)::varchar || '.' || ((n >> 16) & 255)::varchar || '.' || ((n >> 8) & 255)::varchar || '.'
                 || (n & 255)::varchar)[1]
         else array_to_string(list_transform(range(0, (prefixlen + 15) // 16), lambda g:
             printf('%x', (('0x' || substr(ipv6_hex(host), g * 4 + 1, 4))::integer
                 >> greatest(16 * (g + 1) - prefixlen, 0)) << greatest(16 * (g + 1) - prefixlen, 0))), ':')
             || if(prefixlen > 112, '', '::') end || '/' || prefixlen;
-- Why the configuration leaves an address out (config.endpoint.ignored_addresses), as a cause, or NULL.
create or replace macro address_digits(host, family) as
    if(family = 4, printf('%08x', try(ipv4_number(host))), ipv6_hex(host));
create or replace macro network_of(digits, family, networks) as
    list_filter(networks, lambda n: split_part(n, '|', 1) = family::varchar
        and digits between split_part(n, '|', 2) and split_part(n, '|', 3))[1];
create or replace macro ignored_address(host, family, networks) as
    case when len(networks) > 0 then list_transform([network_of(address_digits(host, family), family, networks)],
        lambda n: case when n is not null then skipped('address_ignored', {network: split_part(n, '|', 4)}) end)[1] end;
create or replace macro ipv6_is_network(host, prefixlen) as
    list_transform([ipv6_hex(host)], lambda h: regexp_full_match(substr(h, (prefixlen + 3) // 4 + 1), '0*')
        and (prefixlen % 4 = 0
             or (strpos('0123456789abcdef', substr(h, prefixlen // 4 + 1, 1)) - 1)
                 % (1 << (4 - prefixlen % 4)) = 0))[1];
create or replace macro unassignable(host, family, prefixlen) as
    case when family = 4 and prefixlen < 31 and ipv4_number(host) % (1::ubigint << (32 - prefixlen)) = 0
             then blocked('unassignable_address', {which: 'network'})
         when family = 4 and prefixlen < 31
             and ipv4_number(host) % (1::ubigint << (32 - prefixlen)) = (1::ubigint << (32 - prefixlen)) - 1
             then blocked('unassignable_address', {which: 'broadcast'})
         when family = 6 and prefixlen < 127 and ipv6_is_network(host, prefixlen)
             then blocked('unassignable_address', {which: 'network'})
         end;

-- Data from the running guest comes before its configuration.
create or replace macro source_rank(source) as
    coalesce(list_position(['agent', 'lxc', 'static', 'cloudinit'], source), 9);

-- How lasting an address looks on an interface with this MAC address: 0 as if a person chose it (and all of IPv4), 1
-- derived from the MAC address, 2 random, as temporary addresses are.
create or replace macro lasting_rank(host, mac) as
    case when not contains(host, ':') then 0
         else list_transform([ipv6_hex(host)], lambda h: case
             when substr(h, 17, 8) = '00000000' then 0
             when substr(h, 17) = printf('%02x', xor(('0x' || substr(mac, 1, 2))::integer, 2))
                 || lower(replace(substr(mac, 4, 5), ':', '')) || 'fffe' || lower(replace(substr(mac, 10), ':', ''))
                 then 1
             else 2 end)[1] end;

-- Several machines hold the address in turn, in NetBox's words.
create or replace macro is_virtual_address(role, assigned_object_type) as
    coalesce(role in ('vip', 'vrrp', 'hsrp', 'glbp', 'carp'), false)
    or coalesce(assigned_object_type = 'ipam.fhrpgroup', false);
