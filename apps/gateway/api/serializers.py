"""Shapes of the inference API: what the gateway takes and gives."""

from typing import Any

from rest_framework import serializers


class MessageIn(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=["system", "developer", "user", "assistant", "tool"])
    content = serializers.CharField(help_text="Text, or OpenAI's list of parts.")


class ChatIn(serializers.Serializer[Any]):
    """A chat. Further fields of OpenAI's chat completions (tools, response_format, ...) are passed on as they are."""

    messages = MessageIn(many=True, required=False, help_text="The conversation. May be left out with `variables`.")
    stream = serializers.BooleanField(required=False, help_text="Answer as server-sent events, in OpenAI's chunks.")
    max_tokens = serializers.IntegerField(
        required=False, min_value=1, help_text="At most what the route allows; default: that."
    )
    temperature = serializers.FloatField(required=False, min_value=0, max_value=2)
    prompt_template = serializers.CharField(
        required=False,
        help_text="A prompt of the route's team, put around the messages; only where the route has none.",
    )
    prompt_version = serializers.IntegerField(required=False, help_text="Its version; default: the newest.")
    variables = serializers.DictField(required=False, help_text="What is put into the prompt, by variable.")


class UsageOut(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField(help_text="The model server did not say; counted from what passed.")


class AccountOut(serializers.Serializer[Any]):
    """Who answered, and what it took and cost."""

    id = serializers.UUIDField(help_text="Of the request; leads to its record and its provenance.")
    route = serializers.CharField()
    revision = serializers.IntegerField(help_text="Of the endpoint, that answered.")
    model = serializers.CharField(help_text="Name and version.")
    prompt = serializers.CharField(allow_null=True, help_text="Name and version of the prompt around the messages.")
    usage = UsageOut()
    cost_usd = serializers.DecimalField(max_digits=None, decimal_places=9)
    latency_ms = serializers.FloatField()


class ChatOut(AccountOut):
    choices = serializers.ListField(child=serializers.DictField(), help_text="As OpenAI's chat completions have them.")


class CompletionOut(AccountOut):
    completion = serializers.CharField()


class CompletionIn(serializers.Serializer[Any]):
    model = serializers.CharField(help_text="Route name.")
    prompt = serializers.CharField(help_text="It becomes a user message.")
    max_tokens = serializers.IntegerField(required=False, min_value=1, help_text="At most what the route allows.")
    temperature = serializers.FloatField(required=False, min_value=0, max_value=2)
