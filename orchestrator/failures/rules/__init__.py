"""Rules for findings that name something: does it exist? One module a sort of thing; evidence is what they may know."""
