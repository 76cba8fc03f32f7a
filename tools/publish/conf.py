"""What Sphinx makes the site with. Everything a page loads lies beside it."""

project = "BiSeNet V2 workbook"
html_title = project
extensions = ["myst_nb"]
nb_execution_mode = "off"  # the outputs are those the notebooks hold
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_heading_anchors = 3
highlight_language = "none"
html_theme = "furo"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["wide.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
pygments_style = "default"
