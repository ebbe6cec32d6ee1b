"""The morning after: delivered branches merged onto the checked-out branch, each merged tree gated and certified.

Everything is tried in the lane's clone; the user's checkout moves only to a commit whose tree has its certificate.
``record`` is the journal of it, ``merge_plan`` says what merges with what, ``merge_gate`` gates, ``land`` does it,
``undo`` takes it back.
"""
