"""Executed notebooks as pages that a browser shows without Jupyter."""

from tlcourse.assets import atomically


def write_page(notebook, path):
    """Write a notebook as one HTML file, figures inside. Formulas are drawn where there is a network, for MathJax."""
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(template_name="lab", require_js_url="").from_notebook_node(notebook)
    with atomically(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
