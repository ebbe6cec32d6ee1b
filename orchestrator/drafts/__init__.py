"""What ``orchestrate init`` writes: a look at a repository's own files, and the tool's drafted. Pure."""
