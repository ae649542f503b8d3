"""How Sphinx makes the site from the folder that `tlcourse site` has put together."""

from importlib.metadata import version as of_package

project = "tlcourse"
copyright = "The authors of tlcourse. Code under Apache-2.0, text and figures under CC BY 4.0"
version = release = of_package("tlcourse")

extensions = [
    "myst_nb",  # notebooks with their committed outputs, and Markdown
    "sphinx.ext.autodoc",  # the reference, from the docstrings
    "sphinx.ext.napoleon",  # which are written in Google's form
    "sphinx_copybutton",
    "sphinx-mathjax-offline",  # formulas without a network
]
nb_execution_mode = "off"
nb_output_stderr = "remove"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"exclude-members": "from_config, get_config"}
napoleon_use_ivar = True
napoleon_custom_sections = [("Call", "params_style"), "Source"]
exclude_patterns = ["_build", "conf.py"]
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]  # a section may begin below its parent's level

html_theme = "furo"
html_title = "tlcourse"
html_static_path = []
html_copy_source = False
html_show_sourcelink = False
