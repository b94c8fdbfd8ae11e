"""The order of the house, where import-linter has no contract for it."""

import grimp
import pytest


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("apps", "llmops_portal", cache_dir=None)


def app_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_only_accounts_imports_guardian():
    external = grimp.build_graph("apps", include_external_packages=True, cache_dir=None)

    importers = {app_of(module) for module in external.find_modules_that_directly_import("guardian")}
    assert importers == {"apps.accounts"}


def test_no_two_apps_need_each_other(graph):
    edges = {
        (app_of(importer), app_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if ".tests" not in importer and ".migrations" not in importer and app_of(importer) != app_of(imported)
    }

    assert {(a, b) for a, b in edges if (b, a) in edges} == set()
