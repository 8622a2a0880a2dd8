-- What the causes of a row are about: the parameters that rows with the same question have in common, those of several
-- causes one after the other. abouts: the names of these parameters by cause (about in sql/causes.sql).
create or replace macro missing_of(cause, subject, abouts) as nullif(array_to_string(list_filter(
    list_transform(
        case when json_exists(subject, '$.causes') then json_extract(subject, '$.causes[*]') else [subject::json] end,
        lambda one: array_to_string(list_transform(abouts[coalesce(one ->> '$.cause', cause)],
            lambda name: json_extract_string(one, '$.' || name)), ', ')),
    lambda text: text <> ''), '; '), '');
