"""A person whose browser runs on another machine: their session with the app, over its own protocol, without a browser.

cookie of a session → WebSocket → what a browser sends for a click → everything that it would draw, read to the end

So the app and Postgres do all that they do for twenty people, and the twenty browsers take nothing of their processors.
"""

import time
from contextlib import AsyncExitStack
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.browser import GIVE_UP_MS, Server
from benchmarks.people import PASSWORD, Choice, Person, Step
from streamlit_app.session import COOKIE
from warehouse.access import accounts
from warehouse.errors import PaidMediaError
from warehouse.postgres import database


class Elsewhere:
    """A visitor without a browser. Times are milliseconds until the script has ended and all of it has come."""

    def __init__(self, server: Server, person: Person) -> None:
        self._url = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
        with database.session() as current:
            self._cookie = f"{COOKIE}={accounts.log_in(current, person.email, PASSWORD)}"
        self._tabs = AsyncExitStack()
        self._tab: Tab

    async def enter(self, step: Step, query: str) -> float:
        """Enter an address, in a tab of its own."""
        await self.leave()
        began = time.perf_counter()
        connection = await self._tabs.enter_async_context(
            connect(
                self._url, subprotocols=[Subprotocol("streamlit")], additional_headers={"Cookie": self._cookie},
                max_size=None, open_timeout=GIVE_UP_MS / 1_000,
            )
        )  # fmt: skip
        self._tab = Tab(connection)
        await self._tab.enter(step.path, query)
        return (time.perf_counter() - began) * 1_000

    async def click(self, step: Step) -> float:
        """Click the link of a page, or choose an option on it."""
        began = time.perf_counter()
        await (self._tab.go(step.path) if step.choice is None else self._tab.choose(step.choice))
        return (time.perf_counter() - began) * 1_000

    async def leave(self) -> None:
        """Close the tab."""
        await self._tabs.aclose()


class Tab:
    """One connection: the pages and widgets that the app has told of. Raises `PaidMediaError` where a page fails."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._pages: dict[str, str] = {}  # address → hash
        self._widgets: dict[str, tuple[str, list[str]]] = {}  # key → id, options
        self._at = ""  # hash of the page

    async def enter(self, address: str, query: str) -> None:
        """Come by an address."""
        await self._rerun(ClientState(page_name=address, query_string=query))
        self._at = self._pages[address]

    async def go(self, address: str) -> None:
        """Click the link of a page."""
        self._at = self._pages[address]
        await self._rerun(ClientState(page_script_hash=self._at))

    async def choose(self, choice: Choice) -> None:
        """Choose an option of a list or of a row of buttons."""
        widget, options = next(each for key, each in self._widgets.items() if key.startswith(choice.key))
        state = ClientState(page_script_hash=self._at)
        told = state.widget_states.widgets.add(id=widget)
        if choice.list_box is None:
            told.string_array_value.data.append(options[choice.option])
        else:
            told.string_value = options[choice.option]
        await self._rerun(state)

    async def _rerun(self, state: ClientState) -> None:
        """Have the script run, and read until it has ended."""
        state.context_info.timezone, state.context_info.locale = "UTC", "en-US"
        self._widgets = {}
        await self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        async for data in self._connection:
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if kind == "navigation":
                pages = message.navigation.app_pages
                self._pages = {"" if page.is_default else page.url_pathname: page.page_script_hash for page in pages}
            elif kind == "delta":
                self._note(message.delta.new_element)
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return
        raise PaidMediaError("the app has closed the connection")

    def _note(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise PaidMediaError("a page failed", where=element.exception.message)
        if kind in ("selectbox", "button_group"):
            widget = getattr(element, kind)
            options = [getattr(option, "content", option) for option in widget.options]
            self._widgets[widget.id.removeprefix("$$ID-").partition("-")[2]] = (widget.id, options)
