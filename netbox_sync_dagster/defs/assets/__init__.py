"""The assets: snapshots, diffs and applies."""
