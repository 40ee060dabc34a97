"""Everything foreign – PDF files, pictures, archives, workbooks – is decoded in child processes with limits, behind one admission.

``decoding`` hands work to a child, ``fork_server`` is the process that makes the children, ``admission`` says whose work is
next. Callers pass a function of a module of theirs; nothing here knows what it decodes.
"""
