-- Macros that the comparison's files share.
-- In desired tables NULL means unknown, which is never a difference. '', 0 (if 0 is not a valid value) and
-- the reference 'null' mean that the field should be empty.

-- Causes ----------------------------------------------------------------------------------------------------------
-- The cause of a row: one text with its code, its action and its parameters, which sql/causes.sql
-- lists and netbox_sync_dagster/compare/causes.py reads. Decided once: action_of() takes the action from it.
-- A parameter that holds such a text is called because.
create or replace macro cause_text(code, action) as '{"cause":"' || code || '","action":"' || action || '"}';
create or replace macro cause_with(code, action, subject) as
    '{"cause":"' || code || '","action":"' || action || '",' || substr(to_json(subject)::varchar, 2);
-- The row is shown and not written: something is missing, or two rows of the source cannot both be right.
create or replace macro blocked(code) as cause_text(code, 'blocked'),
    (code, subject) as cause_with(code, 'blocked', subject);
-- Several NetBox objects could be it, or NetBox and the source say what cannot both be kept.
create or replace macro conflict(code) as cause_text(code, 'conflict'),
    (code, subject) as cause_with(code, 'conflict', subject);
-- NetBox differs, and is not changed.
create or replace macro drifted(code) as cause_text(code, 'drifted'),
    (code, subject) as cause_with(code, 'drifted', subject);
-- Skipped in the comparison.
create or replace macro skipped(code) as cause_text(code, 'skipped'),
    (code, subject) as cause_with(code, 'skipped', subject);
-- A change, with its reason.
create or replace macro noted(code) as cause_text(code, 'noted'), (code, subject) as cause_with(code, 'noted', subject);
-- A part of another cause: a scope that could not be read, an object that a row may be.
create or replace macro because(code) as cause_text(code, 'because'),
    (code, subject) as cause_with(code, 'because', subject);
-- A text without a code blocks the row.
create or replace macro action_of(cause) as
    coalesce(nullif(regexp_extract(cause, '^\{"cause":"[a-z0-9_]+","action":"([a-z]+)"', 1), ''),
        if(cause is null, null, 'blocked'));
-- A cause as a parameter in long chains of causes: as JSON, without the escapes of a text.
create or replace macro nested(reason) as
    case when starts_with(reason, '{"cause":') and json_valid(reason) then reason::json else to_json(reason) end;

-- Questions -------------------------------------------------------------------------------------------------------
-- What a cause asks, as a hash of its code and all its parameters, whatever its action: an answer is given to exactly
-- this.
create or replace macro whole_question(cause) as
    left(sha256(regexp_replace(cause, '"action":"[a-z]+",?', '', 'g')), 32);
-- Which of several objects it is, as a hash of the code and the ids of the candidates: their names and the witnesses
-- change once the answer is written.
create or replace macro question(cause) as
    case when contains(cause, '"candidate_ids":[')
             then left(sha256(regexp_extract(cause, '^\{"cause":"([a-z0-9_]+)"', 1)
                 || regexp_extract(cause, '"candidate_ids":\[[0-9,]*\]')), 32)
         else whole_question(cause) end;
-- A cause with the NetBox objects that a person may pick from, which makes the question another one when they change.
create or replace macro with_candidates(cause, ids) as
    if(cause is not null and len(ids) > 0,
        left(cause, -1) || ',"candidate_ids":' || to_json(ids)::varchar || '}', cause);
-- The same with what is to be written, for answers that depend on it.
create or replace macro content_question(cause, content) as
    coalesce(whole_question(cause), '') || left(sha256(coalesce(content, '')), 32);
-- Of a field.
create or replace macro field_question(cause, old, new) as content_question(cause, concat(old, ' -> ', new));

-- Text ------------------------------------------------------------------------------------------------------
-- The characters that NetBox strips from both ends of a text when it saves it: Python's str.strip(). Written values
-- must read back equal. One literal, and each parameter once if possible: macros are nested many times, and repeated
-- planning is most of a small comparison.
create or replace macro stripped(text) as regexp_replace(text,
    '^[ \x09-\x0d\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+|[ \x09-\x0d\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+$', '', 'g');
-- The same, fast for a million texts that hardly ever need it.
create or replace macro trimmed(text) as
    if(text[1] <= ' ' or text[-1] <= ' ' or strlen(text) <> length(text), stripped(text), text);
-- 'a, b and c'.
create or replace macro enumerated(words) as
    if(len(words) > 1, array_to_string(words[:-2], ', ') || ' and ' || words[-1], words[1]);
create or replace macro blank(text) as nullif(trimmed(text), '');

-- What the mappings call a name of the source in NetBox; NULL: nothing. Both in any case.
create or replace macro mapping(section, word) as getvariable('mappings')[section || ' ' || lower(word)];

-- Characters that are invisible, or shown in another place: the ranges of netbox_sync_dagster/text.py.
create or replace macro unseen_characters() as '['
    || '\x00-\x1f\x7f-\x{9f}\x{ad}\x{34f}\x{600}-\x{605}\x{61c}\x{6dd}\x{70f}\x{890}-\x{891}\x{8e2}'
    || '\x{115f}-\x{1160}\x{17b4}-\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}\x{2028}-\x{202e}'
    || '\x{2060}-\x{206f}\x{3164}\x{d800}-\x{f8ff}\x{fdd0}-\x{fdef}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}'
    || '\x{fff0}-\x{fffb}\x{fffe}-\x{ffff}\x{110bd}\x{110cd}\x{13430}-\x{1343f}\x{1bca0}-\x{1bca3}'
    || '\x{1d173}-\x{1d17a}\x{1fffe}-\x{1ffff}\x{2fffe}-\x{2ffff}\x{3fffe}-\x{3ffff}\x{4fffe}-\x{4ffff}'
    || '\x{5fffe}-\x{5ffff}\x{6fffe}-\x{6ffff}\x{7fffe}-\x{7ffff}\x{8fffe}-\x{8ffff}\x{9fffe}-\x{9ffff}'
    || '\x{afffe}-\x{affff}\x{bfffe}-\x{bffff}\x{cfffe}-\x{cffff}\x{dfffe}-\x{e0fff}'
    || '\x{efffe}-\x{10ffff}'
    || ']';
create or replace macro has_unseen(text) as regexp_matches(text, unseen_characters());
create or replace macro first_unseen(text) as 'U+'
    || printf('%04X', unicode(regexp_extract(text, unseen_characters())));
-- Why NetBox does not accept a text, as a cause; NULL if it does. what: the text in a sentence ('the name'), after its
-- field if one is given.
create or replace macro text_problem(text, longest, what, of_field) as
    case when strlen(text) > longest and length(text) > longest
             then blocked('name_too_long', {field: of_field, what: what, characters: length(text), longest: longest})
         when has_unseen(text)
             then blocked('unseen_character', {field: of_field, what: what, character: first_unseen(text)}) end;
create or replace macro name_problem(text, longest) as text_problem(text, longest, 'the name', null::varchar);

-- A text of one line for people: control characters and line breaks become a space, long texts end in "…".
create or replace macro cut(text, longest) as
    if(strlen(text) > longest and length(text) > longest, stripped(left(text, longest - 1)) || '…', text);
create or replace macro one_line(text) as stripped(regexp_replace(text, '[\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]+', ' ',
    'g'));
create or replace macro described(text, longest) as cut(one_line(text), longest);
-- A text of several lines: its line breaks and tabs are kept.
create or replace macro several_lines(text) as stripped(regexp_replace(text,
    '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{2028}\x{2029}]+', ' ', 'g'));

-- What is neither a letter nor a digit: punctuation, symbols and space. The blocks themselves: for [^\pL\pN] planning
-- takes ten times as long.
create or replace macro mark() as
    '[\x00-/:-@\[-`{-\x{a9}\x{ab}-\x{b1}\x{b4}\x{b6}-\x{b8}\x{bb}\x{bf}\x{d7}\x{f7}\x{2c2}-\x{2c5}'
    || '\x{2d2}-\x{2df}\x{2e5}-\x{2eb}\x{2ed}\x{2ef}-\x{2ff}\x{2000}-\x{206f}\x{20a0}-\x{20ff}\x{2190}-\x{245f}'
    || '\x{2500}-\x{2775}\x{2794}-\x{2bff}\x{2e00}-\x{2e2e}\x{2e30}-\x{2e7f}\x{3000}-\x{3004}\x{3008}-\x{3020}'
    || '\x{3030}\x{fe10}-\x{fe6f}\x{ff00}-\x{ff0f}\x{ff1a}-\x{ff20}\x{ff3b}-\x{ff40}\x{ff5b}-\x{ff65}'
    || '\x{fffc}-\x{fffd}\x{1f300}-\x{1faff}]';

-- Notes without HTML and the marks of Markdown.
create or replace macro without_tags(text) as
    regexp_replace(regexp_replace(text, '<!--(.|\n)*?-->', '', 'g'), '</?[A-Za-z][^>]*>', '', 'g');
create or replace macro without_marks(line) as
    replace(replace(replace(replace(
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(line,
            '!\[[^\]]*\]\([^)]*\)', '', 'g'),
            '\[([^\]]*)\]\([^)]*\)', '\1', 'g'),
            '^[ \t]*([#>]+|[-*+]|[0-9]+\.)[ \t]+', ''),
            '(\*\*|__|`)', '', 'g'),
            '(^|[ (])[*_]([^*_ ][^*_]*)[*_]', '\1\2', 'g'),
        '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&amp;', '&');
-- The first line with words in it; '' where there is none.
create or replace macro first_line(notes) as
    coalesce(list_filter(list_transform(string_split_regex(without_tags(coalesce(notes, '')), '\r?\n'),
        lambda line: stripped(without_marks(line))), lambda line: not regexp_full_match(line, mark() || '*'))[1], '');

-- A value that stands for "no value", as names and models come from the field. A single letter or digit is a name:
-- ports and bays are called 1 or A.
create or replace macro is_placeholder(text) as
    text is null or list_transform([stripped(text)], lambda t: regexp_full_match(lower(t),
        '(-|0|n/a|na|none|default|unknown|null|<private>|not specified|to be filled by o\.e\.m\.|system serial number)?')
    or (length(replace(t, t[1], '')) = 0 and (length(t) > 4 or regexp_matches(t[1], mark()))))[1];
-- A serial number that repeats one character is a placeholder, however short.
create or replace macro is_no_serial(text) as
    is_placeholder(text) or length(replace(stripped(text), stripped(text)[1], '')) = 0;

-- A text after a list of rules {word: regular expression, replacement}, one after the other.
create or replace macro rewrite(text, rules) as
    case when rules is null or text is null then text
         else list_reduce(list_concat([{'word': text, 'replacement': ''}], rules),
             lambda a, r: {'word': regexp_replace(a.word, r.word, r.replacement, 'g'), 'replacement': ''}).word end;

create or replace macro is_ip(text) as
    regexp_full_match(text, '[0-9]{1,3}(\.[0-9]{1,3}){3}') or contains(text, ':');

create or replace macro usable_name(text) as
    case when is_placeholder(text) then null else stripped(text) end;

-- NetBox accepts 50 characters; longer ones are skipped (sql/desired/librenms/skipped.sql).
create or replace macro serial_number(text) as
    case when length(stripped(text)) <= 50 and not is_no_serial(text) then stripped(text) end;

-- A host name without its domain; NULL if it has none. Never of an IP address.
create or replace macro short_name(text) as
    case when is_placeholder(text) or is_ip(stripped(text)) or not contains(stripped(text), '.') then null
         else nullif(stripped(split_part(stripped(text), '.', 1)), '') end;
-- A text as a word without case, accents, punctuation and space, to tell what has nothing in common; see sql/edits/.
create or replace macro word_of(text) as coalesce(
    nullif(lower(strip_accents(regexp_replace(text, '[^\pL\pN]+', '', 'g'))), ''), text);

create or replace macro slug(text) as
    trim(regexp_replace(lower(strip_accents(stripped(text))), '[^a-z0-9_]+', '-', 'g'), '-');

-- The key of an object that others need: its slug; a module type has none.
create or replace macro prerequisite_key(resource, name) as
    if(resource = 'module_types', lower(stripped(name)), slug(name));

-- Interface values ----------------------------------------------------------------------------------------------
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

-- Short and long Cisco names compare equal: one spelling for both, and for that of IOS-XR (TenGigE0/0/0/1).
create or replace macro interface_alias(name) as
    case when not regexp_matches(name, '^[A-Za-z-]+ ?[0-9]') then lower(name)
    else lower(case lower(regexp_extract(name, '^([A-Za-z-]+)', 1))
        when 'fa' then 'FastEthernet' when 'gi' then 'GigabitEthernet' when 'ge' then 'ge'
        when 'te' then 'TenGigabitEthernet' when 'tengige' then 'TenGigabitEthernet'
        when 'fo' then 'FortyGigabitEthernet' when 'fortygige' then 'FortyGigabitEthernet'
        when 'hu' then 'HundredGigE' when 'hundredgigabitethernet' then 'HundredGigE'
        when 'twe' then 'TwentyFiveGigE' when 'twentyfivegigabitethernet' then 'TwentyFiveGigE' when 'eth'
            then 'Ethernet'
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

-- References ------------------------------------------------------------------------------------------------
-- The notation of netbox_sync_dagster/compare/values.py.
create or replace macro existing(netbox_id, name) as
    case when netbox_id is not null then '{"id":' || netbox_id || ',"name":' || to_json(name) || '}' end;
create or replace macro created(resource, key, name) as
    '{"key":' || to_json(key) || ',"name":' || to_json(name) || ',"ref":' || to_json(resource) || '}';
create or replace macro typed_existing(type, netbox_id, name) as
    case when netbox_id is not null
        then '{"id":' || netbox_id || ',"name":' || to_json(name) || ',"type":' || to_json(type) || '}' end;
create or replace macro typed_created(type, resource, key, name) as
    '{"key":' || to_json(key) || ',"name":' || to_json(name) || ',"ref":' || to_json(resource)
        || ',"type":' || to_json(type) || '}';
create or replace macro link(resource, key, netbox_id, name) as
    coalesce(existing(netbox_id, name), created(resource, key, name));
create or replace macro typed_link(type, resource, key, netbox_id, name) as
    coalesce(typed_existing(type, netbox_id, name), typed_created(type, resource, key, name));

-- Fields of a diff row ----------------------------------------------------------------------------------------
-- Each is one struct; differing() keeps those of which before and after differ. An after of NULL is unknown: no
-- difference. Each argument occurs once in a field's text, because DuckDB plans every occurrence.
create or replace macro field(name, before_json, after_json) as
    {'field': name, 'before': before_json::varchar, 'after': after_json::varchar,
     'decision': null::varchar, 'reason': null::varchar};
create or replace macro text_field(name, old, new) as field(name, to_json(old)::varchar,
    to_json(stripped(new))::varchar);
-- The same for texts that are already trimmed, of which there may be a million.
create or replace macro trimmed_text_field(name, old, new) as field(name, to_json(old)::varchar, to_json(new)::varchar);
-- A choice that may be empty: '' is sent as null.
create or replace macro choice_field(name, old, new) as
    field(name, to_json(nullif(old, ''))::varchar,
          case when new is not null then coalesce(to_json(nullif(new, ''))::varchar, 'null') end);
create or replace macro number_field(name, old, new) as field(name, to_json(old)::varchar, to_json(new)::varchar);
-- A number for which 0 means none.
create or replace macro amount_field(name, old, new) as
    case when new is not null and coalesce(old, 0) <> new
        then field(name, to_json(old)::varchar, coalesce(to_json(nullif(new, 0))::varchar, 'null')) end;
-- A reference, or custom field content: both sides JSON text. References to the same object are equal whatever its
-- name.
create or replace macro json_field(name, old, new) as field(name, coalesce(old, 'null'), new);
-- What a change writes, whatever the order of its fields.
create or replace macro written_values(fields) as list_sort(list_transform(
    list_filter(fields, lambda f: f.decision = 'update'),
    lambda f: {field: f.field, before: f.before, after: f.after}));
-- The same with the names of other objects alone, whether these exist or are created by another change.
create or replace macro named(value) as regexp_replace(regexp_replace(value,
    '\{"id":[0-9]+,"name":', '{"name":', 'g'),
    '\{"key":"(?:[^"\\]|\\.)*","name":("(?:[^"\\]|\\.)*"),"ref":"[a-z_]+"', '{"name":\1', 'g');
create or replace macro named_values(fields) as list_transform(written_values(fields),
    lambda f: {field: f.field, before: named(f.before), after: named(f.after)});
create or replace macro same_object(old, new) as
    starts_with(old, '{"id":') and starts_with(new, '{"id":')
    and split_part(old, ',"name":', 1) = split_part(new, ',"name":', 1)
    and regexp_extract(old, '"type":"[a-z.]+"\}$') = regexp_extract(new, '"type":"[a-z.]+"\}$');
-- The cause of a field that waits for something else: a cause that is not a conflict (a VLAN is blocked) becomes a part
-- of one.
create or replace macro as_conflict(why) as
    case when why is null then null
         when action_of(why) = 'conflict' then why
         else conflict('field_undecided', {because: why}) end;
-- The cause of a reference to an object that is not decided itself.
create or replace macro of_undecided(name, why) as
    case when why is not null then conflict('reference_undecided', {name: name, because: why}) end;
-- A field that cannot be decided: shown with its reason, a conflict, and never written.
create or replace macro undecided_field(name, old, why) as
    case when why is not null then
        {'field': name, 'before': old, 'after': null::varchar, 'decision': 'conflict', 'reason': why} end;
-- A field that is shown with its reason and never written, although its desired value is known.
create or replace macro shown_field(name, old, new, why) as
    case when why is not null then
        {'field': name, 'before': old, 'after': new, 'decision': 'drifted', 'reason': why} end;
-- An empty text counts as null.
create or replace macro content(json_text) as coalesce(nullif(json_text, '""'), 'null');
-- as_updates: fields without a decision are updates. reasons: the reasons of the fields with a decision.
create or replace macro as_updates(fields) as
    list_transform(fields, lambda f: {'field': f.field, 'before': f.before, 'after': f.after,
        'decision': coalesce(f.decision, 'update'), 'reason': if(f.decision is null, null, f.reason)});
create or replace macro reasons(fields) as
    nullif(array_to_string(list_transform(
        list_filter(fields, lambda f: f.decision is not null and f.reason is not null),
        lambda f: f.field || ': ' || f.reason), '; '), '');
-- A case is lazy, a conjunction in a lambda is not.
create or replace macro differing(fields) as
    list_filter(fields, lambda f: case
        when f.decision is not null then true
        when f.after is null or content(f.before) = content(f.after) then false
        when starts_with(f.after, '{"id":') then not coalesce(same_object(f.before, f.after), false)
        else true end);

-- Whether Python writes a value exactly as this JSON text, for sql/plan/change_ids.sql: not so numbers with a fraction
-- or exponent. Of the JSON in custom fields (is_canonical_object) only flat objects with sorted keys, which our ids
-- are.
create or replace macro is_canonical(json_text) as
    case when json_text is null or starts_with(json_text, '"') or json_text in ('true', 'false', 'null')
                or starts_with(json_text, '{') or starts_with(json_text, '[') then true
         else regexp_full_match(json_text, '0|-?[1-9][0-9]{0,17}') end;
create or replace macro is_canonical_object(json_text) as
    case when json_text is null or not (starts_with(json_text, '{') or starts_with(json_text, '[')) then true
         else regexp_full_match(json_text,
                '\{("[^"\\]*":(0|-?[1-9][0-9]{0,17}|"[^"\\]*"|true|false|null)(,|\}$))+')
            and json_keys(json_text) = list_sort(list_distinct(json_keys(json_text))) end;

-- Custom fields ------------------------------------------------------------------------------------------------
-- The source's id that an object's custom field holds for this endpoint (or cluster): {"<scope>": id}. A bare
-- number or text counts only while one endpoint of the kind is configured. Everything else is ignored.
-- A number as text, as people type it (' 43 ', '044') or a decimal field has it (43.0); any other text unchanged.
create or replace macro plain_number(text) as
    if(regexp_full_match(stripped(text), '[0-9]+(\.0+)?'),
        coalesce(nullif(ltrim(split_part(stripped(text), '.', 1), '0'), ''), '0'), text);
create or replace macro without_zeros(text) as if(getvariable('numeric_ids'), plain_number(text), text);
-- The id of a guest and the cluster that a virtual machine's custom fields hold; NULL: none.
create or replace macro held_guest(cf, name) as
    list_transform([blank(json_extract_string(cf, '$.' || name))],
        lambda held: if(getvariable('numeric_guest_ids'), plain_number(held), held))[1];
create or replace macro held_cluster(cf, name) as blank(json_extract_string(cf, '$.' || name));
create or replace macro id_text(held) as
    case json_type(held) when 'VARCHAR' then without_zeros(held->>'$') when 'UBIGINT' then held::varchar end;
-- The id in the entry of a scope. One of netbox-librenms-plugin may be an object: {"id": 7, "oob": {"id": 9}}.
create or replace macro entry_id(held) as
    if(json_type(held) = 'OBJECT', id_text(json_extract(held, '$.id')), id_text(held));
create or replace macro source_claim(cf, name, scope, alone) as
    case when json_type(json_extract(cf, '$.' || name)) = 'OBJECT'
         then entry_id(json_extract(cf, '$.' || name || '."' || scope || '"'))
         when alone then id_text(json_extract(cf, '$.' || name)) end;
-- A note for the row: the field holds an id that is not the source's, without the scope that it is of.
create or replace macro bare_id_note(cf, name, id) as
    case when id_text(json_extract(cf, '$.' || name)) <> id
         then noted('other_bare_id', {field: name, held: id_text(json_extract(cf, '$.' || name)), id: id}) end;
-- The field's value with the id in it: unchanged if it has the id (merging would reorder it); else merged with the
-- other ids, or bare if the field is not JSON. An entry that is an object keeps what else is in it.
create or replace macro with_claim(cf, name, scope, id_json, field_type) as
    case when coalesce(field_type, 'json') = 'json' and id_json = coalesce(
            json_extract(cf, '$.' || name || '."' || scope || '".id'),
            json_extract(cf, '$.' || name || '."' || scope || '"'))::varchar
         then json_extract(cf, '$.' || name)::varchar
         when field_type = 'json' or field_type is null
         then json_merge_patch(
                case when json_type(json_extract(cf, '$.' || name)) = 'OBJECT' then json_extract(cf, '$.' || name)
                    else '{}'::json end,
                ('{' || to_json(scope) || ':' || if(
                    json_type(json_extract(cf, '$.' || name || '."' || scope || '"')) = 'OBJECT',
                    '{"id":' || id_json || '}', id_json) || '}')::json)::varchar
         when field_type = 'text' then to_json(id_json::json->>'$')::varchar
         else id_json end;

-- Addresses ------------------------------------------------------------------------------------------------------
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
-- The 32 hex digits of a canonical IPv6 address.
create or replace macro ipv6_groups(text) as
    case when text = '' then []::varchar[] else string_split(text, ':') end;
create or replace macro ipv6_hex(host) as
    array_to_string(list_transform(
        list_transform([{first: ipv6_groups(split_part(host, '::', 1)), last: ipv6_groups(split_part(host, '::', 2))}],
            lambda h: list_concat(h.first, list_resize([]::varchar[], 8 - len(h.first) - len(h.last), '0'), h.last))[1],
        lambda g: lpad(g, 4, '0')), '');
-- An address in a form that sorts and compares as its number: of IPv4 as 10 digits, of IPv6 as 32 hex digits.
create or replace macro address_bits(host) as
    if(contains(host, ':'), ipv6_hex(host), printf('%010d', ipv4_number(host)::bigint));
-- The first bits of an address: equal for two addresses of a network.
create or replace macro network_bits(host, family, prefixlen) as
    case when family = 4 then (ipv4_number(host) >> (32 - prefixlen))::varchar
         else substr(ipv6_hex(host), 1, prefixlen // 4) || '/'
             || ((strpos('0123456789abcdef', substr(ipv6_hex(host) || '0', prefixlen // 4 + 1, 1)) - 1)
                 >> (4 - prefixlen % 4)) end;
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
    regexp_full_match(substr(ipv6_hex(host), (prefixlen + 3) // 4 + 1), '0*')
    and (prefixlen % 4 = 0
         or (strpos('0123456789abcdef', substr(ipv6_hex(host), prefixlen // 4 + 1,
             1)) - 1) % (1 << (4 - prefixlen % 4)) = 0);
create or replace macro unassignable(host, family, prefixlen) as
    case when family = 4 and prefixlen < 31 and ipv4_number(host) % (1::ubigint << (32 - prefixlen)) = 0
             then blocked('unassignable_address', {which: 'network'})
         when family = 4 and prefixlen < 31
             and ipv4_number(host) % (1::ubigint << (32 - prefixlen)) = (1::ubigint << (32 - prefixlen)) - 1
             then blocked('unassignable_address', {which: 'broadcast'})
         when family = 6 and prefixlen < 127 and ipv6_is_network(host, prefixlen)
             then blocked('unassignable_address', {which: 'network'})
         end;

-- Whether two JSON texts are equal: references by their id, lists without regard to order, else by the text. (The name
-- in a reference is for people; it may have been another when it was written.)
create or replace macro identity_text(value) as
    case when json_type(value) = 'OBJECT' and json_extract(value, '$.id') is not null
         then json_extract(value, '$.id')::varchar || coalesce(' ' || json_extract_string(value, '$.type'), '')
         else value::varchar end;
create or replace macro same_value(a, b) as
    case when a = b then true
         when json_type(a::json) = 'OBJECT' and json_type(b::json) = 'OBJECT'
             and json_extract(a::json, '$.id') is not null
             then identity_text(a::json) = identity_text(b::json)
         when json_type(a::json) = 'ARRAY' and json_type(b::json) = 'ARRAY'
             then list_sort(list_transform(a::json[], lambda v: identity_text(v)))
                  = list_sort(list_transform(b::json[], lambda v: identity_text(v)))
         else false end;

-- Seconds from a moment to the later of two clocks' times; a very long time if the moment is unknown.
create or replace macro seconds_since(moment, clock, other_clock) as
    coalesce(epoch(greatest(clock, other_clock)) - epoch(moment), 1e12);

-- NetBox's release as a number that can be compared: '4.6.8' -> 406.
create or replace macro release_number(version) as
    try_cast(regexp_extract(version, '^v?([0-9]+)\.([0-9]+)', 1) as integer) * 100
    + try_cast(regexp_extract(version, '^v?([0-9]+)\.([0-9]+)', 2) as integer);

-- A URL as JSON text, with https where it has no scheme.
create or replace macro with_scheme(value) as
    case when json_type(value) <> 'VARCHAR' or trim(value ->> '$') = ''
             or regexp_matches(trim(value ->> '$'), '^[A-Za-z][^/:]*:') then value
         else to_json(if(starts_with(trim(value ->> '$'), '//'), 'https:', 'https://') || trim(value ->> '$'))::varchar
    end;

-- The release of the target NetBox, as such a number.
create or replace macro target_release() as (select release_number(any_value(netbox_version)) from netbox.status);
-- Whether its virtual machines may be paused; by the release if it does not list its choices.
create or replace macro target_has_paused() as coalesce(
    (select bool_or(value = 'paused') from netbox.choices where model = 'virtualization.virtualmachine'
        and field = 'status'),
    target_release() >= 406);

-- Data from the running guest comes before its configuration.
create or replace macro source_rank(source) as
    coalesce(list_position(['agent', 'lxc', 'static', 'cloudinit'], source), 9);

-- The list of texts in a JSON text; 'null' and NULL are an empty list.
create or replace macro text_list(json_text) as coalesce(from_json(json_text::json, '["VARCHAR"]'), []);

-- The rule for objects that the source does not have. Returns the cause; NULL: no row.
-- fact: the cause that says so, "not in LibreNMS". way: what policy wants (leave, delete, disable, offline,
-- decommissioning, unassign; done: it is so already); note: that policy in words. doubt: which row of the source the
-- object may be, and doubt_shown whether a row of the diff says so already. unproven: why the source's answer
-- proves nothing. owned: this product created it for this source. held: what keeps it from being removed.
create or replace macro removal(resource, fact, way, note, doubt, doubt_shown, unproven, said_unproven, owned,
    may_delete, may_delete_unowned, held) as
    case
        when doubt is not null then if(doubt_shown, null, blocked('in_doubt', {because: doubt}))
        when unproven is not null then if(said_unproven,
            blocked('removal_not_proven', {because_removed: fact, because: unproven}), null)
        when way = 'done' then null
        when way = 'leave' then drifted('removed_and_left', {because: fact, note: note})
        when way not in ('delete', 'unassign') then noted('removed', {because: fact, note: note})
        when way = 'delete' and not owned and not may_delete_unowned then drifted('removed_not_ours', {because: fact})
        when way = 'delete' and not may_delete and not may_delete_unowned
            then blocked('may_not_delete', {because: fact, resource: resource})
        when held is not null then blocked('removal_held', {because_removed: fact, because: held})
        else noted('removed', {because: fact, note: if(way = 'unassign', note, null)}) end;

-- The fields of a delete: every field with a value, so that an undo can restore it. The parameter is a whole row of the
-- netbox table.
create or replace macro removed_field(name, before_json) as field(name, before_json, 'null');
-- The fields of a delete that have a value.
create or replace macro non_empty(fields) as list_filter(fields, lambda f: f is not null and f.before is not null);
create or replace macro removed_text(name, old) as removed_field(name, to_json(nullif(old, ''))::varchar);
create or replace macro removed_value(name, old) as removed_field(name, to_json(old)::varchar);
create or replace macro removed_tags(slugs) as
    case when len(slugs) > 0 then removed_field('tags', to_json(slugs)::varchar) end;
create or replace macro removed_custom_fields(cf) as
    list_transform(json_keys(coalesce(cf, '{}')::json), lambda k:
        removed_field('cf.' || k, nullif(json_extract(cf, '$."' || k || '"')::varchar, 'null')));
-- The parameter may be a column of a row called i or a: the alias in here is one that no caller has.
create or replace macro removed_vlan(name, vlan_id) as
    removed_field(name, (select existing(held.id, held.vid || ' ' || held.name) from netbox.vlans held
        where held.id = vlan_id));
create or replace macro removed_vlans(name, vlan_ids) as
    removed_field(name, (
        select '[' || string_agg(existing(held.id, held.vid || ' ' || held.name), ',' order by held.vid, held.id) || ']'
        from netbox.vlans held where list_contains(vlan_ids, held.id)));
create or replace macro removed_vrf(vrf_id) as
    removed_field('vrf', (select existing(held.id, held.name) from netbox.vrfs held where held.id = vrf_id));
create or replace macro removed_tenant(tenant_id) as
    removed_field('tenant', (select existing(held.id, held.name) from netbox.tenants held where held.id = tenant_id));
create or replace macro removed_mac_reference(mac_id) as
    removed_field('primary_mac_address', (select existing(held.id, held.mac_address) from netbox.mac_addresses held
        where held.id = mac_id));
create or replace macro removed_primary_ip(name, address_id) as
    removed_field(name, (select existing(held.id, held.address) from netbox.ip_addresses held
        where held.id = address_id));
create or replace macro removed_interface_reference(name, interface_id) as
    removed_field(name, (select existing(held.id, held.name) from netbox.interfaces held where held.id = interface_id));
create or replace macro removed_vm_interface_reference(name, interface_id) as
    removed_field(name, (select existing(held.id, held.name) from netbox.vm_interfaces held
        where held.id = interface_id));
create or replace macro removed_interface(r, device_name) as non_empty(list_concat([
    removed_field('device', existing(struct_extract(r, 'device_id'), device_name)),
    removed_value('name', struct_extract(r, 'name')),
    removed_text('label', struct_extract(r, 'label')),
    removed_value('type', struct_extract(r, 'type')),
    removed_value('enabled', struct_extract(r, 'enabled')),
    removed_value('mtu', struct_extract(r, 'mtu')),
    removed_value('speed', struct_extract(r, 'speed')),
    removed_text('description', struct_extract(r, 'description')),
    removed_text('mode', struct_extract(r, 'mode')),
    removed_vlan('untagged_vlan', struct_extract(r, 'untagged_vlan_id')),
    removed_vlans('tagged_vlans', struct_extract(r, 'tagged_vlan_ids')),
    removed_interface_reference('lag', struct_extract(r, 'lag_id')),
    removed_interface_reference('parent', struct_extract(r, 'parent_id')),
    removed_interface_reference('bridge', struct_extract(r, 'bridge_id')),
    removed_vrf(struct_extract(r, 'vrf_id')),
    case when struct_extract(r, 'mgmt_only') then removed_field('mgmt_only', 'true') end,
    case when struct_extract(r, 'mark_connected') then removed_field('mark_connected', 'true') end,
    removed_mac_reference(struct_extract(r, 'primary_mac_id')),
    removed_tags(struct_extract(r, 'tags'))],
    removed_custom_fields(struct_extract(r, 'cf'))));
create or replace macro removed_vm_interface(r, vm_name) as non_empty(list_concat([
    removed_field('virtual_machine', existing(struct_extract(r, 'virtual_machine_id'), vm_name)),
    removed_value('name', struct_extract(r, 'name')),
    removed_value('enabled', struct_extract(r, 'enabled')),
    removed_value('mtu', struct_extract(r, 'mtu')),
    removed_text('description', struct_extract(r, 'description')),
    removed_text('mode', struct_extract(r, 'mode')),
    removed_vlan('untagged_vlan', struct_extract(r, 'untagged_vlan_id')),
    removed_vlans('tagged_vlans', struct_extract(r, 'tagged_vlan_ids')),
    removed_vm_interface_reference('parent', struct_extract(r, 'parent_id')),
    removed_vm_interface_reference('bridge', struct_extract(r, 'bridge_id')),
    removed_vrf(struct_extract(r, 'vrf_id')),
    removed_mac_reference(struct_extract(r, 'primary_mac_id')),
    removed_tags(struct_extract(r, 'tags'))],
    removed_custom_fields(struct_extract(r, 'cf'))));
create or replace macro removed_virtual_disk(r, vm_name) as non_empty([
    removed_field('virtual_machine', existing(struct_extract(r, 'virtual_machine_id'), vm_name)),
    removed_value('name', struct_extract(r, 'name')),
    removed_value('size', struct_extract(r, 'size')),
    removed_text('description', struct_extract(r, 'description'))]);
create or replace macro removed_ip_address(r, place) as non_empty(list_concat([
    removed_value('address', struct_extract(r, 'address')),
    removed_vrf(struct_extract(r, 'vrf_id')),
    removed_tenant(struct_extract(r, 'tenant_id')),
    removed_value('status', struct_extract(r, 'status')),
    removed_text('role', struct_extract(r, 'role')),
    removed_text('dns_name', struct_extract(r, 'dns_name')),
    removed_text('description', struct_extract(r, 'description')),
    removed_field('assigned_object', typed_existing(struct_extract(r, 'assigned_object_type'),
        struct_extract(r, 'assigned_object_id'), place)),
    removed_primary_ip('nat_inside', struct_extract(r, 'nat_inside_id')),
    removed_tags(struct_extract(r, 'tags'))],
    removed_custom_fields(struct_extract(r, 'cf'))));
create or replace macro removed_mac_address(r, place) as non_empty([
    removed_value('mac_address', struct_extract(r, 'mac_address')),
    removed_field('assigned_object', typed_existing(struct_extract(r, 'assigned_object_type'),
        struct_extract(r, 'assigned_object_id'), place))]);
