"""The forms that a report's answer comes in: table, CSV, JSON, XLSX and HTML.

Each shows the same cells; `cells` says what a cell is as text.
"""
