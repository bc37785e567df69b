"""A mail server and its web page for trying and testing: nothing that arrives here ever leaves.

`python -m simulators.mailbox --help` runs it as a process, `simulators.mailbox.server.serve_in_thread` inside a test.
"""
