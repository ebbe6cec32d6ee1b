"""What a run remembers: the journal (the only truth), the purse, the desk where model calls are bought."""
