"""Operations: one declaration each makes the route, reads the request and writes the document.

What an operation takes and gives stands in its handler's own types: `Call[query, body]` and
`Answer[content]`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Protocol, get_args, get_type_hints

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import csv_answers
from api.auth import CURRENT, authenticate, check_scope, open_project
from api.calls import Answer, Call
from api.positions import wait_for_position
from api.requests import Headers, Nothing, QueryReader, convert, read_json
from api.store import Store
from domain.values import encode


class Operation:
    """What one method on one path does. `path` is that behind the project, and may have `{id}`.

    `is_conditional`: it honours `If-Match`. `refusals`: statuses with which it alone says no.
    `csv` answers in its place where CSV is asked for.
    """

    def __init__(
        self,
        method: str,
        path: str,
        id: str,
        handler: Callable[[Call[Any, Any]], Awaitable[Answer[Any]]],
        scope: str,
        *,
        status: int = 200,
        is_conditional: bool = False,
        refusals: Collection[int] = (),
        csv: Callable[[Call[Any, Any]], Awaitable[Response]] | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.id = id
        self.handler = handler
        self.scope = scope
        self.status = status
        self.is_conditional = is_conditional
        self.refusals = refusals
        self.csv = csv
        hints = get_type_hints(handler)
        (self.returns,) = get_args(hints.pop("return"))
        self.query, self.body = get_args(next(iter(hints.values())))
        self._reader = QueryReader(self.query)

    async def answer(self, request: Request) -> Response:
        """Answer a request, if it may ask that and asks it right.

        Raises:
            ApiError, PersonsError, StoreError: it is refused.
        """
        headers: Headers = dict(request.scope["headers"])
        call, named_format = await self._let_in(request, headers)
        is_csv = csv_answers.is_asked_for(named_format, headers)
        if b"x-min-position" in headers:
            await wait_for_position(call.store, call.project.id, headers[b"x-min-position"])
        if is_csv and self.csv:
            return await self.csv(call)
        return self._response(await self.handler(call), is_csv=is_csv)

    async def _let_in(self, request: Request, headers: Headers) -> tuple[Call[Any, Any], str]:
        """Return the call that a request makes, and the format that its address names."""
        scope = request.scope
        path: dict[str, str] = scope["path_params"]
        store: Store = request.app.state.store
        access = await authenticate(store, headers.get(b"authorization", b"").decode("latin-1"))
        request.app.state.rates.count(access.key.id)
        project = await open_project(store, access, path.get("project_id", CURRENT))
        check_scope(access.key, self.scope)
        query, named_format = self._reader.read(scope["query_string"])
        body = await read_json(request, headers) if self.body is not Nothing else {}
        call = Call(
            request=request,
            headers=headers,
            store=store,
            project=project,
            key=access.key,
            at=store.clock(),
            id=path.get("id", ""),
            query=query,
            body=convert(body, self.body),
        )
        return call, path["suffix"].strip("./") or named_format

    def _response(self, answer: Answer[Any], *, is_csv: bool) -> Response:
        content = answer.content
        if isinstance(content, Nothing):
            return Response(status_code=self.status, headers=answer.headers)
        if is_csv:
            return csv_answers.response(content, self.status, answer.headers)
        return Response(encode(content), self.status, answer.headers, media_type="application/json")


class Answering(Protocol):
    """What one method on one path does."""

    method: str

    async def answer(self, request: Request) -> Response:
        """Answer a request."""


class Endpoint:
    """The operations on one path, as an ASGI application that answers each method by its own."""

    def __init__(self, operations: Iterable[Answering]) -> None:
        self._by_method = {operation.method: operation for operation in operations}
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]
        self._allowed = {"Allow": ", ".join(self._by_method)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            HTTPException: 405, there is no such operation; others as `Operation.answer`.
        """
        operation = self._by_method.get(scope["method"])
        if operation is None:
            raise HTTPException(405, headers=self._allowed)
        response = await operation.answer(Request(scope, receive))
        await response(scope, receive, send)
