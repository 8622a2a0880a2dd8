-- Rows whose answer has lapsed say so, behind their cause.
update diff.rows set reason = rows.reason || '; '
    || because('answer_lapsed', {who: l.who, day: l.answered_on})
from (select resource, key, min(who) as who, min(answered_on) as answered_on from diff.lapsed group by all) l
where l.resource = rows.resource and l.key = rows.key and rows.reason is not null
    and rows.action in ('blocked', 'conflict', 'drifted')
