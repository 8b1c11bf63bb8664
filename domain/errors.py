"""Why a command is refused. Every refusal leaves the store as it was."""


class PersonsError(Exception):
    """A command or a query that cannot be carried out."""


class InvalidValueError(PersonsError):
    """A value cannot be kept: it nests too deep."""


class PersonNotFoundError(PersonsError):
    """The project has no living person with this id."""


class VersionConflictError(PersonsError):
    """The person has changed since the version that the caller saw."""


class InvalidSplitError(PersonsError):
    """A distinct id to keep or to split off does not belong to the person."""


class InvalidUnmergeError(PersonsError):
    """A merge cannot be taken back; the text says why."""


class NotDeletedError(PersonsError):
    """Only a deleted person can be brought back, or erased; the text says what this one is."""


class InvalidImportError(PersonsError):
    """A person of another store cannot be taken over; the text says why."""


class PropertiesTooLargeError(PersonsError):
    """The person's properties would be larger than one person may hold."""


class InvalidParameterError(PersonsError):
    """A parameter of a query means nothing; `attr` is its name, where it is one alone."""

    def __init__(self, detail: str, attr: str | None = None) -> None:
        super().__init__(detail)
        self.attr = attr


class InvalidFilterError(InvalidParameterError):
    """A filter of properties means nothing."""
