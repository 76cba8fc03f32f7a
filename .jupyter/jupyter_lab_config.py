"""JupyterLab as the course starts it: it asks nothing of any other computer."""

import sys

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Contents(AsyncLargeFileManager):
    """Opens a notebook as if this Python had saved it.

    JupyterLab marks a notebook as changed at once if its metadata name another version.
    """

    async def get(self, *args, **options):
        model = await super().get(*args, **options)
        if model["type"] == "notebook" and model["content"]:
            language = model["content"]["metadata"].get("language_info", {})
            if language.get("name") == "python":
                language["version"] = sys.version.split()[0]  # as ipykernel tells it
        return model


c = get_config()  # noqa: F821  (JupyterLab's)
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.ServerApp.contents_manager_class = Contents
