"""Who may do what: roles, grants, keys and requests for them, on real things of the apps above accounts."""
