"""Asset checks on snapshots, diffs and endpoints."""
