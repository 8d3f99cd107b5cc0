"""The demo host: a small place to deploy to, real in every part and in need of nothing but Python and git.

It owns the git repositories of two services, runs each service in three environments as real processes in
two colours, and puts a real reverse proxy, the switch, in front of each pair. Its HTTP API is what a skill
talks to.
"""
