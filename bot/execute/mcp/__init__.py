"""The Model Context Protocol as far as a step needs it: a client that lists tools and calls one of them.

What is here reaches nothing: messages and what they may be, tools and their digests, results. Transports are
at an edge (`bot.connectors.mcp_line`). The client declares no capabilities, so a server may ask it nothing.
"""
