"""nbval skips the random identities of widgets; this lets it skip them in glued outputs too."""

SKIPPED = "application/papermill.record/application/vnd.jupyter.widget-view+json"


def pytest_collection_modifyitems(items):
    for notebook in {item.parent for item in items if hasattr(item.parent, "skip_compare")}:
        notebook.skip_compare += (SKIPPED,)
