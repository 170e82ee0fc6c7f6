"""Vendor files to the catalog: one module a format."""

from autotrade_0dte.data.importers.importing import import_files
from autotrade_0dte.data.importers.registry import FORMATS
from autotrade_0dte.data.importers.report import DataError, ImportReport

__all__ = ["FORMATS", "DataError", "ImportReport", "import_files"]
