"""What can be wrong with a catalog or its sources; all of it is for the user to put right."""

__all__ = ["CatalogConflictError", "CatalogError", "CatalogLockedError"]


class CatalogError(ValueError):
    """The catalog, or what shall go into it, is not as expected."""


class CatalogConflictError(CatalogError):
    """Different data for a dataset and session that the catalog already holds."""


class CatalogLockedError(CatalogError):
    """Another process is writing to the catalog."""
