"""How a request is judged: policies, facts, conditions, estimate, the decision and what it is bound to."""
