-- Macros for texts: what NetBox makes of them, what it refuses, and what stands for no value.

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
-- What a word means: pairs are 'word meaning word meaning', and no meaning is a word (words are in lower case). NULL:
-- it is none of them. Planned in a tenth of the time that a case takes, which repeats the word at every branch.
create or replace macro meaning(pairs, word) as
    string_split(pairs, ' ')[list_position(string_split(pairs, ' '), word) + 1];
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

-- A text after a list of rules {word: regular expression, replacement}, one after the other.
create or replace macro rewrite(text, rules) as
    case when rules is null or text is null then text
         else list_reduce(list_concat([{'word': text, 'replacement': ''}], rules),
             lambda a, r: {'word': regexp_replace(a.word, r.word, r.replacement, 'g'), 'replacement': ''}).word end;

create or replace macro is_ip(text) as
    regexp_full_match(text, '[0-9]{1,3}(\.[0-9]{1,3}){3}') or contains(text, ':');

create or replace macro usable_name(text) as
    case when is_placeholder(text) then null else stripped(text) end;

-- A serial number that repeats one character is a placeholder, however short.
create or replace macro is_no_serial(text) as
    coalesce(list_transform([usable_name(text)], lambda t: replace(t, t[1], '') = '')[1], true);
-- NetBox accepts 50 characters; longer ones are skipped (sql/desired/librenms/skipped.sql).
create or replace macro serial_number(text) as
    list_transform([usable_name(text)], lambda t:
        case when length(t) <= 50 and replace(t, t[1], '') <> '' then t end)[1];

-- A host name without its domain; NULL if it has none. Never of an IP address.
create or replace macro short_name(text) as
    list_transform([usable_name(text)], lambda t: case when not is_ip(t) and contains(t, '.')
        then nullif(stripped(split_part(t, '.', 1)), '') end)[1];
-- A text as a word without case, accents, punctuation and space, to tell what has nothing in common; see sql/edits/.
create or replace macro word_of(text) as coalesce(
    nullif(lower(strip_accents(regexp_replace(text, '[^\pL\pN]+', '', 'g'))), ''), text);

create or replace macro slug(text) as
    trim(regexp_replace(lower(strip_accents(stripped(text))), '[^a-z0-9_]+', '-', 'g'), '-');

-- The key of an object that others need: its slug; a module type has none.
create or replace macro prerequisite_key(resource, name) as
    if(resource = 'module_types', lower(stripped(name)), slug(name));
