"""The app beside packages that sites really have: each as it is, in a process of its own.

``make neighbours`` installs them and runs these tests. The table in
``docs/reference/works-with.rst`` has a row for each.
"""
