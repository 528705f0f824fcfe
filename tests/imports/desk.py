"""What a merchant does to import: send lists over HTTP, let the job work, read what it says."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app import ids
from tests.api.conftest import Answer, Caller
from tests.cast import Merchant
from worker.transfer import imports

from .lists import CUTOFF

Body = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """A merchant with a manage key."""

    caller: Caller
    merchant: Merchant

    def send(self, tool: str, files: Mapping[str, str | bytes], **fields: Any) -> Answer:
        """Ask for an import, in the order of the files."""
        content = [(io.BytesIO(text.encode() if isinstance(text, str) else text), name) for name, text in files.items()]
        form = {"tool": tool, "cutoff_at": CUTOFF, **fields, "file": content}
        data = {name: value for name, value in form.items() if value is not None}
        return self.caller.call("POST", "/api/v1/imports", data=data, content_type="multipart/form-data")

    def imports(self, tool: str, files: Mapping[str, str | bytes], **fields: Any) -> Body:
        """Ask for an import, let the job work, and give what is said of it then."""
        sent = self.send(tool, files, **fields)
        assert sent.status_code == 201, sent.text
        imports.work_slice(600)
        return self.shown(sent.json["data"]["id"])

    def shown(self, import_id: str) -> Body:
        answer = self.caller.get(f"/api/v1/imports/{import_id}")
        assert answer.status_code == 200, answer.text
        body: Body = answer.json["data"]
        return body

    def partners(self) -> dict[str, Body]:
        """The program's partners by address."""
        return {one["email"]: one for one in self.caller.get("/api/v1/partners", per_page=100).json["data"]}

    def balance(self, email: str) -> dict[str, int]:
        """What is payable to a partner, by currency."""
        partner_id = self.partners()[email]["id"]
        shown = self.caller.get(f"/api/v1/partners/{partner_id}/balance").json["data"]
        return {one["currency"]: one["payable_cents"] for one in shown}

    @property
    def program(self) -> str:
        return f"/v1/admin/affiliate/programs/{ids.encode(ids.PROGRAM, self.merchant.program_id)}"


def told(body: Body) -> list[str]:
    """What was not imported, as `affiliates.csv:3 code_taken`."""
    return [f"{one['file']}:{one['line']} {one['reason']}" for one in body["refusals"]]
