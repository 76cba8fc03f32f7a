"""JupyterLab as the course starts it: it asks nothing of any other computer."""

c = get_config()  # noqa: F821  (JupyterLab's)
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
