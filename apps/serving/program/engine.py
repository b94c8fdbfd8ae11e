"""The model: messages in, text out, piece by piece."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import torch
from safetensors import SafetensorError
from tokenizers.decoders import DecodeStream
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    StoppingCriteria,
    StoppingCriteriaList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)
from transformers.generation import BaseStreamer

from apps.serving.program.chat import ChatRequest
from apps.serving.program.errors import ModelError, RequestError
from apps.serving.program.spec import Runtime
from apps.serving.program.stops import StopFilter

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request, ready for the model."""

    ids: list[int]
    max_tokens: int
    temperature: float
    top_p: float
    seed: int | None
    stop: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    completion_tokens: int
    finish_reason: FinishReason


class Engine:
    """One model in memory. `answer` may run in several threads at once."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, runtime: Runtime) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._runtime = runtime
        self._context = model.config.max_position_embeddings
        declared = model.generation_config.eos_token_id
        more = declared if isinstance(declared, list) else [] if declared is None else [declared]
        self._ends = sorted({tokenizer.eos_token_id, *more})

    @classmethod
    def load(cls, folder: Path, runtime: Runtime, *, use_gpu: bool) -> "Engine":
        """Read the model in `folder`: safetensors only, and no code from there.

        Raises:
            ModelError: there is no causal language model with a chat template, or no GPU though one is asked for.
        """
        if use_gpu and not torch.cuda.is_available():
            raise ModelError("The endpoint asks for a GPU and this machine offers none; set use_gpu to false.")
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype="auto", local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError, SafetensorError) as error:
            raise ModelError("The files hold no causal language model that can be read.", detail=str(error)) from error
        if tokenizer.chat_template is None or tokenizer.eos_token is None:
            raise ModelError("The model's tokenizer lacks a chat template or an end-of-sequence token; it cannot chat.")
        if getattr(tokenizer, "backend_tokenizer", None) is None:
            raise ModelError("The model's tokenizer has no tokenizer.json; save it as a fast tokenizer.")
        # A tokenizer may be saved with settings of its training, and these would cut or pad every prompt.
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
        return cls(model.to("cuda" if use_gpu else "cpu").eval(), tokenizer, runtime)

    def prepare(self, request: ChatRequest) -> Ask:
        """Return `request` in tokens, with the model's own settings where it makes none.

        Raises:
            RequestError: the prompt is too long, or the answer asked for is.
        """
        conversation = [message.plain() for message in request.messages]
        text = self._tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
        ids = self._tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        room = self._context - len(ids)
        most = min(self._context - 1, self._runtime.max_input_tokens or self._context)
        if len(ids) > most:
            raise RequestError(
                f"The messages have {len(ids)} tokens; this endpoint takes {most}. Shorten them.",
                param="messages",
                code="context_length_exceeded",
            )
        allowed = min(room, self._runtime.max_output_tokens)
        if request.limit is not None and request.limit > allowed:
            raise RequestError(
                f"{request.limit} tokens of answer are asked for; after these messages the endpoint gives at most "
                f"{allowed}. Lower max_tokens.",
                param="max_tokens",
            )
        own = self._model.generation_config
        # Unless asked otherwise the model answers as it does when it is evaluated.
        default = (own.temperature or 1.0) if own.do_sample else 0.0
        return Ask(
            ids=ids,
            max_tokens=request.limit or allowed,
            temperature=default if request.temperature is None else request.temperature,
            top_p=1.0 if request.top_p is None else request.top_p,
            seed=request.seed,
            stop=request.stop,
        )

    def answer(self, ask: Ask, emit: Callable[[str], None], cancelled: Event) -> Outcome:
        """Write the answer, giving each piece of text to `emit`; stops soon after `cancelled` is set."""
        until = StopFilter(ask.stop, emit)
        ids = torch.tensor([ask.ids], device=self._model.device)
        with torch.inference_mode():
            produced = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=ask.max_tokens,
                do_sample=False,
                eos_token_id=self._ends,
                pad_token_id=self._ends[0],
                logits_processor=_sampling(ask),
                stopping_criteria=StoppingCriteriaList([_Halt(lambda: until.found or cancelled.is_set())]),
                streamer=_Pieces(self._tokenizer, until.push),
            )[0, len(ask.ids) :]
        until.flush()
        ended = until.found or int(produced[-1]) in self._ends
        return Outcome(completion_tokens=len(produced), finish_reason="stop" if ended else "length")


def _sampling(ask: Ask) -> LogitsProcessorList:
    processors = LogitsProcessorList()
    if ask.temperature > 0:
        processors.append(TemperatureLogitsWarper(ask.temperature))
        if ask.top_p < 1:
            processors.append(TopPLogitsWarper(ask.top_p))
        processors.append(_Gumbel(ask.seed))
    return processors


class _Gumbel(LogitsProcessor):
    """Makes the greedy choice a draw: the largest of logits plus Gumbel noise is distributed as their softmax.

    So each answer draws from a generator of its own, where transformers' sampling draws from the process's only one
    and a seed would not hold as soon as two requests run at once.
    """

    def __init__(self, seed: int | None) -> None:
        self._generator = torch.Generator()
        if seed is None:
            self._generator.seed()
        else:
            # Any integer is a seed to a caller; torch takes 64 bits of it.
            self._generator.manual_seed(seed % 2**63)

    def __call__(self, _input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        noise = torch.empty(scores.shape).exponential_(generator=self._generator).log().neg()
        return scores.float() + noise.to(scores.device)


class _Halt(StoppingCriteria):
    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked

    def __call__(self, input_ids: torch.LongTensor, _scores: torch.FloatTensor, **_: object) -> torch.BoolTensor:
        return torch.full((input_ids.shape[0],), self._asked(), dtype=torch.bool, device=input_ids.device)


class _Pieces(BaseStreamer):
    """Decodes tokens as they come; a character spread over several tokens is passed on when it is whole."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, emit: Callable[[str], None]) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._emit = emit
        self._prompt_is_past = False

    def put(self, value: torch.Tensor) -> None:
        # generate() gives the prompt first.
        if not self._prompt_is_past:
            self._prompt_is_past = True
            return
        for token in value.flatten().tolist():
            piece = self._stream.step(self._backend, token)
            if piece:
                self._emit(piece)

    def end(self) -> None:
        """Bytes that never became a character are dropped."""
