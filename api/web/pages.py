"""Pages: one declaration each makes the route, lets the browser in and shows what is answered.

What a page asks for stands in its handler's own types, as for `api.operations`:
`Call[query, form]`. A handler calls those of the API's operations, and adds no rules of its own.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.auth import authenticate, check_scope
from api.calls import Answer, Call
from api.requests import Nothing, QueryReader, whole_body
from api.store import Store
from api.web import refusals, sessions
from api.web.frame import Frame
from api.web.rendering import render, with_headers

Query = TypeVar("Query", bound=Struct)
Body = TypeVar("Body", bound=Struct)
Content = TypeVar("Content")


class _Way:
    """What one method on one path does, for a browser that has signed in with the right key."""

    method: str

    def __init__(
        self, path: str, handler: Callable[[Call[Any, Any]], Awaitable[Any]], scope: str
    ) -> None:
        self.path = path
        self.scope = scope
        self._handler = handler
        hints = get_type_hints(handler)
        hints.pop("return")
        query, self._form = get_args(next(iter(hints.values())))
        self._query = QueryReader(query)
        self._is_of_the_past = "as_of" in query.__struct_fields__

    async def answer(self, request: Request) -> Response:
        """Answer a request; a refusal is a page too."""
        store: Store = request.app.state.store
        frame = Frame(request=request, at=store.clock(), is_of_the_past=self._is_of_the_past)
        try:
            call = await self._let_in(frame, store)
            return self._response(frame, await self._handler(call))
        except Exception as error:
            return refusals.page(frame, error)  # raises what is never told

    async def _let_in(self, frame: Frame, store: Store) -> Call[Any, Any]:
        request = frame.request
        access = await authenticate(store, f"Bearer {sessions.key_in(request)}")
        frame.access = access
        check_scope(access.key, self.scope)
        query, _ = self._query.read(request.scope["query_string"])
        return Call(
            request=request,
            headers=dict(request.scope["headers"]),
            store=store,
            project=access.project,
            key=access.key,
            at=frame.at,
            id=request.path_params.get("id", ""),
            query=query,
            body=await self._read_form(request),
        )

    async def _read_form(self, request: Request) -> Any:
        return Nothing()

    def _response(self, frame: Frame, answered: Any) -> Response:
        raise NotImplementedError


class Page(_Way):
    """A page to look at: its handler returns what its template calls `view`.

    A handler may also return a response that is no page, such as a file.
    """

    method = "GET"

    def __init__(
        self,
        path: str,
        handler: Callable[[Call[Any, Nothing]], Awaitable[Any]],
        scope: str,
        *,
        template: str = "",
    ) -> None:
        super().__init__(path, handler, scope)
        self._template = template

    def _response(self, frame: Frame, answered: Any) -> Response:
        if isinstance(answered, Response):
            return with_headers(answered)
        return render(frame, self._template, view=answered)


class Action(_Way):
    """What a form does when it is sent: its handler returns the path of the page to go on to."""

    method = "POST"

    async def _read_form(self, request: Request) -> Any:
        sessions.check_origin(request)
        return await read_form(request, self._form)

    def _response(self, frame: Frame, answered: str) -> Response:
        return with_headers(RedirectResponse(answered, 303))


async def read_form(request: Request, shape: type[Body]) -> Body:
    """Return what a form says, as a query says it.

    Raises:
        ApiError: 400, it does not fit; 413, it is too large.
    """
    form, _ = QueryReader(shape).read(await whole_body(request))
    return form


async def asked(
    call: Call[Any, Any],
    handler: Callable[[Call[Query, Body]], Awaitable[Answer[Content]]],
    query: Query,
    body: Body,
) -> Content:
    """Return what the handler of an operation answers to the one who called the page.

    Raises:
        ApiError, PersonsError, StoreError: it refuses.
    """
    answer = await handler(asking(call, query, body))
    return answer.content


def asking(call: Call[Any, Any], query: Query, body: Body) -> Call[Query, Body]:
    """Return the call of an operation by the one who called the page."""
    return msgspec.structs.replace(call, query=query, body=body)


def if_unchanged(call: Call[Query, Body], version: int) -> Call[Query, Body]:
    """Return the call, to be refused if the person has another version than one looked at."""
    headers = {**call.headers, b"if-match": f'"{version}"'.encode()}
    return msgspec.structs.replace(call, headers=headers)
