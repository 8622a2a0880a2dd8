"""What the code location makes: snapshots, diffs and applies."""
