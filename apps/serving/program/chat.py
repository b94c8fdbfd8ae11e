"""OpenAI's shapes of a chat completion: what may be asked, and how answers look."""

import json
import time
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from apps.serving.program.errors import RequestError

Json = dict[str, Any]


class TextPart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["text"]
    text: str


def _as_list(stop: object) -> object:
    return [stop] if isinstance(stop, str) else [] if stop is None else stop


class Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    def plain(self) -> dict[str, str]:
        """Return the message as chat templates take it."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request for a chat completion. What this server cannot do is refused by name, never quietly left out."""

    model_config = ConfigDict(extra="forbid")

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    stop: Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_as_list), Field(max_length=4)] = []

    # Settings that change nothing here, or may be given at the one value that is what happens anyway.
    user: str | None = None
    metadata: Json | None = None
    store: bool | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    presence_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    tools: Annotated[list[Json], Field(max_length=0)] | None = None
    tool_choice: Literal["none", "auto"] | None = None
    response_format: dict[Literal["type"], Literal["text"]] | None = None

    @property
    def limit(self) -> int | None:
        """The most tokens of an answer that the request asks for; None when it does not say."""
        return self.max_completion_tokens or self.max_tokens


_AS_IT_IS = [
    (name,)
    for name in ("n", "logprobs", "presence_penalty", "frequency_penalty", "tools", "tool_choice", "response_format")
]


def read_request(body: bytes) -> ChatRequest:
    """Return the request in `body`.

    Raises:
        RequestError: it is no JSON, or a field is missing, wrong, or asks for what this server cannot do.
    """
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        param = ".".join(str(part) for part in problem["loc"]) or None
        if problem["type"] == "extra_forbidden" or problem["loc"][:1] in _AS_IT_IS:
            raise RequestError(f"This server cannot do what '{param}' asks; leave it out.", param=param) from error
        raise RequestError(f"{param or 'body'}: {problem['msg']}.", param=param) from error


def usage(prompt_tokens: int, completion_tokens: int) -> Json:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


class Completion:
    """Writes one answer, in one piece or as a stream of server-sent events."""

    def __init__(self, model: str) -> None:
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    def whole(self, text: str, finish_reason: str, used: Json) -> Json:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": used}

    def piece(self, delta: Json, finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event({**self._head, "object": "chat.completion.chunk", "choices": [choice]})

    def account(self, used: Json) -> str:
        return event({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": used})


def event(data: Json) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


END_OF_STREAM = "data: [DONE]\n\n"


def error_body(error: RequestError) -> Json:
    return {"error": {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}}
