"""NetBox, the target: its objects as tables, and whether a token may do what a sync needs."""
