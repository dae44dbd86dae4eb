"""How a chapter's Markdown becomes notebooks, one module a step.

``source`` reads a chapter into blocks, ``package_cells`` fills the cells
that show package code, ``labels`` numbers figures and exercises, ``prose``
and ``roles`` turn MyST into plain Markdown, and ``notebook`` writes.
"""
