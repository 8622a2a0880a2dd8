-- The fields of a row of a diff ({of}: its alias and a dot), as views show them. Files of an older version say verdict.
list_transform({of}fields, lambda f: {field: f.field, before: f.before::json, "after": f.after::json,
    decision: coalesce(f.decision, f.verdict), reason: f.reason, cause: f.cause})
