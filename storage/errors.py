"""What can go wrong between us and the database."""


class StoreError(Exception):
    """The store cannot do what was asked of it."""


class StoreUnavailableError(StoreError):
    """The database could not commit, so nothing was stored; the same request may succeed later."""


class QueryTimeoutError(StoreError):
    """A query took longer than it may, and was ended."""


class StoreInUseError(StoreError):
    """Another service already runs on this SQLite file."""


class UnknownSchemaError(StoreError):
    """The database has a schema that this version of the product does not know."""


class InvalidDatabaseUrlError(StoreError):
    """The database URL names no database that we can use."""


class ProjectNotFoundError(StoreError):
    """There is no project with this id."""


class KeyTakenError(StoreError):
    """A key or a token that was to be new is known already."""


class TamperedError(StoreError):
    """What is kept contradicts what was said of it before: it was changed from outside."""


class ProcessLostError(StoreError):
    """One of several processes that worked together was ended from outside; nothing is lost."""


class ExportRefusedError(StoreError):
    """There is nothing to export as of what was asked for."""


class ImportRefusedError(StoreError):
    """A file cannot be taken over into this store; nothing of it was stored."""


class DamagedExportError(ImportRefusedError):
    """An export is not what was written, so all of it is refused."""
