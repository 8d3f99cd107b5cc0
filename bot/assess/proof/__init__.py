"""Invariants, proved for every request within the facts' ranges, without a solver.

The leaves of a condition (`atom`) are all it can tell requests apart by. For every fact there are a few
values that answer every leaf in every way that is possible (`values`), so that a few concrete requests stand
for all; each combination has a bit (`space`), and gates are `& | ~` on big integers (`judged`). Every leaf is
answered by the CEL library itself on those values: nothing here knows better what a condition means.
"""
