"""The pictures of a figure: each kind is one file here and one of the same name in src/panels.

A Python file says what a panel needs and draws it once for readers without scripts; the JavaScript
file draws it in every state. Nothing else lists the kinds.
"""
