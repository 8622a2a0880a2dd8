-- Every cause: why a row or field is no plain change, a row of the source is left out, or an object is kept. A closed list.
-- cause: the code, as blocked(), conflict(), drifted(), skipped(), noted() and because() of sql/macros.sql name it.
-- action: of rows with it; 'noted': a change that follows from it; 'because': a part of another cause's sentence.
-- sentence: {name} is a parameter, {names:and} a list in words; [a part] is left out where a parameter in it is null;
--   {because} is another cause. netbox_sync_dagster/compare/causes.py makes the sentence.
-- helps: what a person can do. answers: how a person may decide it (pick: this NetBox object; create: a new one; map: a word
--   to an object; value: this value; move, take, keep, leave). about: the parameters that say what is missing; rows in which
--   they agree ask one question.
select * from (values
    -- Fields: NetBox against what the source says and what this product wrote (sql/diff/judged.sql)
    ('field_disowned', 'drifted', 'policies.disowns names it', 'Take the field out of policies.disowns to have it written.', ['take', 'keep'], []::varchar[]),
    ('source_with_precedence', 'drifted', 'sources disagree: {endpoint} wrote it and has precedence',
        'Change precedence or field_precedence to let the other endpoint write it.', ['take', 'keep'], ['endpoint']),
    ('sources_disagree', 'conflict', 'sources disagree: {endpoint} wrote it; name both in precedence or field_precedence to decide',
        'Name both endpoints in precedence or field_precedence.', ['value'], ['endpoint']),
    ('changed_in_netbox', 'drifted', 'changed in NetBox since netbox-sync wrote it; the source is unchanged',
        'Decide whose value is right: change the source, or name the field in policies.owns.', ['take', 'keep'], []),
    ('changed_on_both_sides', 'conflict', 'changed in NetBox and in the source since netbox-sync wrote it',
        'Decide whose value is right, and set it in NetBox or name the field in policies.owns.', ['take', 'keep'], []),
    ('not_owned', 'drifted', 'NetBox has a value that netbox-sync did not write (policies.owns)',
        'Name the field in policies.owns to have it overwritten.', ['take', 'keep'], [])
) as causes(cause, action, sentence, helps, answers, about)
