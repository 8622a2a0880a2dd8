-- Macros that say what a cause asks, so that an answer counts only for exactly this.

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
