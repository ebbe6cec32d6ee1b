"""The gate: which checks a repository has, running them in order, and what counts as proof that they passed."""
